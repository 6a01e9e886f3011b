"""Channels: posts as the bot hears of them, and the bot's place there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import telebot
from telebot.apihelper import ApiTelegramException

from sandbox.telegram.pictures import draw_plain_picture
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import Sandbox

ADA = {"id": 71, "is_bot": False, "first_name": "Ada"}
BEN = {"id": 72, "is_bot": False, "first_name": "Ben"}
MOMENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def channel(sandbox: Sandbox, telegram: SandboxClient, bot: telebot.TeleBot) -> int:
    """Give a private channel of Ada's with the bot in it; the update of that is confirmed."""
    channel_id = telegram.create_channel("Harbour", from_=ADA)
    telegram.add_bot(channel_id)
    sandbox.call("getUpdates", offset=bot.get_updates()[-1].update_id + 1)
    return channel_id


def updates_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the bot is told, as Telegram words it."""
    found: list[dict[str, Any]] = sandbox.call("getUpdates").json()["result"]
    return found


def test_the_bot_learns_of_its_place_and_hears_posts_only_while_it_has_one(
    bot: telebot.TeleBot, telegram: SandboxClient
) -> None:
    channel = telegram.create_channel("Harbour", from_=ADA)
    telegram.publish(channel, "before")
    telegram.add_bot(channel)
    telegram.publish(channel, "meanwhile")
    telegram.remove_bot(channel, from_=BEN)
    telegram.publish(channel, "after")
    telegram.add_bot(channel)
    telegram.remove_bot(channel, status="left")

    added, post, removed, again, left = bot.get_updates()
    change = added.my_chat_member
    assert (change.chat.type, change.chat.title, change.from_user.id) == ("channel", "Harbour", 71)
    assert (change.old_chat_member.status, change.new_chat_member.status) == ("left", "administrator")
    assert change.new_chat_member.can_post_messages is True
    assert (removed.my_chat_member.from_user.id, removed.my_chat_member.new_chat_member.status) == (
        72,
        "kicked",
    )
    assert post.channel_post.text == "meanwhile"
    assert again.my_chat_member.old_chat_member.status == "kicked"
    assert left.my_chat_member.new_chat_member.status == "left"
    assert [message["text"] for message in telegram.messages(channel)] == ["before", "meanwhile", "after"]


def test_a_post_is_the_channels_own_and_may_be_of_any_day(
    sandbox: Sandbox, telegram: SandboxClient, channel: int
) -> None:
    origin = {
        "type": "channel",
        "chat": {"id": -1_000_000_000_900, "type": "channel", "title": "Weather"},
        "message_id": 5,
        "date": 1_700_000_000,
    }
    numbers = [
        telegram.publish(channel, "See #tides at https://example.org", date=MOMENT, author_signature="Ada"),
        telegram.publish(channel, "Storm", date=MOMENT - timedelta(days=1), forward_origin=origin),
        telegram.publish(channel, "now"),
    ]

    first, repost, latest = [update["channel_post"] for update in updates_of(sandbox)]
    described = {"id": channel, "type": "channel", "title": "Harbour"}
    assert numbers == [1, 2, 3]
    assert {name: first[name] for name in first if name != "entities"} == {
        "message_id": 1,
        "sender_chat": described,
        "chat": described,
        "date": 1_714_979_289,
        "author_signature": "Ada",
        "text": "See #tides at https://example.org",
    }
    assert [entity["type"] for entity in first["entities"]] == ["hashtag", "url"]
    assert (repost["forward_origin"], repost["date"]) == (origin, 1_714_892_889)
    assert latest["date"] > first["date"]
    shown = telegram.messages(channel)
    assert (shown[0]["sent_at"], shown[0]["signature"]) == (1_714_979_289, "Ada")
    assert shown[1]["forwarded_from"] == "Weather"


def test_an_album_and_a_document_have_captions_and_every_post_can_be_edited(
    bot: telebot.TeleBot, telegram: SandboxClient, channel: int
) -> None:
    picture = draw_plain_picture(400, 300)
    photo = telegram.publish(channel, "two", photo=picture, media_group_id="7", date=MOMENT)
    telegram.publish(channel, photo=picture, media_group_id="7")
    telegram.publish(channel, "report", document=b"%PDF", name="отчёт.pdf")
    said = telegram.publish(channel, "teh end")
    telegram.edit_post(channel, photo, "both")
    telegram.edit_post(channel, said, "the end")

    *posts, caption, text = bot.get_updates()
    first, second, document, _said = [update.channel_post for update in posts]
    assert (first.media_group_id, second.media_group_id) == ("7", "7")
    assert (first.caption, first.photo[-1].width, first.date) == ("two", 400, int(MOMENT.timestamp()))
    assert (document.caption, document.document.file_name) == ("report", "отчёт.pdf")
    assert bot.download_file(bot.get_file(document.document.file_id).file_path) == b"%PDF"
    edited = caption.edited_channel_post
    assert (edited.message_id, edited.caption, edited.date) == (photo, "both", first.date)
    assert edited.edit_date > first.date
    assert (text.edited_channel_post.message_id, text.edited_channel_post.text) == (said, "the end")


def test_channels_count_their_own_messages_below_all_other_numbers(telegram: SandboxClient) -> None:
    one, two = [telegram.create_channel(title, from_=ADA) for title in ("One", "Two")]

    assert two == one - 1 < one < -1_000_000_000_000
    assert [telegram.publish(channel, "x") for channel in (one, one, two)] == [1, 2, 1]


def test_the_bot_sends_only_where_it_is_an_administrator(
    bot: telebot.TeleBot, sandbox: Sandbox, telegram: SandboxClient, channel: int
) -> None:
    sent = bot.send_message(channel, "From the bot")
    assert (sent.sender_chat.id, sent.from_user, sent.message_id) == (channel, None, 1)
    assert updates_of(sandbox) == []  # nobody is told what they said themselves

    for status, code, reason in (
        ("member", 400, "Bad Request: need administrator rights in the channel chat"),
        ("kicked", 403, "Forbidden: bot was kicked from the channel chat"),
        ("left", 403, "Forbidden: bot is not a member of the channel chat"),
    ):
        telegram.post(f"chats/{channel}/bot", {"status": status})
        with pytest.raises(ApiTelegramException) as refusal:
            bot.send_message(channel, "x")
        assert (refusal.value.error_code, refusal.value.description) == (code, reason)


def test_a_channel_tells_what_it_is_to_those_who_may_know(
    bot: telebot.TeleBot, telegram: SandboxClient, channel: int
) -> None:
    public = telegram.create_channel("Port", from_=BEN, username="Port_News")

    shown, hidden = bot.get_chat("@port_news"), bot.get_chat(channel)
    assert (shown.id, shown.type, shown.title, shown.username) == (public, "channel", "Port", "Port_News")
    assert (hidden.title, hidden.username) == ("Harbour", None)
    assert bot.get_chat_member(channel, 71).status == "creator"
    assert bot.get_chat_member(channel, bot.get_me().id).can_edit_messages is True
    bot.leave_chat(channel)
    telegram.remove_bot(public)
    for chat_id, reason in (
        (channel, "bot is not a member"),
        (public, "bot was kicked"),
        ("@nobody", "not found"),
    ):
        with pytest.raises(ApiTelegramException, match=reason):
            bot.get_chat(chat_id)
    with pytest.raises(ApiTelegramException, match="bot is not a member of the channel chat"):
        bot.get_chat_member(channel, 71)
    assert [update.my_chat_member.new_chat_member.status for update in bot.get_updates()] == [
        "left",
        "kicked",
    ]


def test_a_bot_gets_only_the_kinds_it_asked_for(
    sandbox: Sandbox, telegram: SandboxClient, channel: int
) -> None:
    sandbox.call("getUpdates", allowed_updates=["edited_channel_post"])
    telegram.edit_post(channel, telegram.publish(channel, "a"), "b")
    telegram.remove_bot(channel)

    assert [set(update) - {"update_id"} for update in updates_of(sandbox)] == [{"edited_channel_post"}]


def test_a_channel_that_comes_in_an_update_is_one_the_bot_is_in(
    bot: telebot.TeleBot, telegram: SandboxClient
) -> None:
    chat = {"id": -1_000_000_777_777, "type": "channel", "title": "Elsewhere"}
    telegram.deliver({"channel_post": {"message_id": 9, "date": 0, "chat": chat, "text": "x"}})

    assert bot.get_chat_member(chat["id"], bot.get_me().id).status == "administrator"


@pytest.mark.parametrize(
    "body",
    [
        {"title": " "},
        {"title": "x" * 129},
        {"title": "Bad name", "username": "1abc"},
        {"title": "A group's number", "chat_id": -5},
        {"title": "Nobody's", "from": {"first_name": "Ada"}},
    ],
)
def test_a_channel_that_telegram_would_not_make_is_refused(
    telegram: SandboxClient, body: dict[str, Any]
) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        telegram.post("channels", {"from": ADA, **body})


def test_a_name_and_a_number_are_given_once_and_fields_of_posts_are_checked(
    telegram: SandboxClient, channel: int
) -> None:
    telegram.create_channel("Mine", from_=ADA, username="taken_name")
    refused: list[tuple[str, dict[str, Any]]] = [
        ("channels", {"title": "Theirs", "from": BEN, "username": "TAKEN_name"}),
        ("channels", {"title": "Theirs", "from": BEN, "chat_id": channel}),
        ("messages", {"chat_id": channel, "message": {"date": "yesterday"}}),
        ("messages", {"chat_id": channel, "message": {"forward_origin": {"type": "moon"}}}),
        (f"chats/{channel}/block", {"blocked": True}),
    ]

    for path, body in refused:
        with pytest.raises(requests.HTTPError, match="400"):
            telegram.post(path, body)
    assert telegram.messages(channel) == []


def test_a_channel_has_no_menu_of_its_own(bot: telebot.TeleBot, channel: int) -> None:
    scope = telebot.types.BotCommandScopeChat(channel)

    with pytest.raises(ApiTelegramException, match="can't change commands in channel chats"):
        bot.set_my_commands([telebot.types.BotCommand("a", "x")], scope=scope)
