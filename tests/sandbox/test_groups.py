"""Groups of several persons, the bot's place in them, and the command menus that they see."""

from __future__ import annotations

from itertools import count

import pytest
import telebot
from telebot import types
from telebot.apihelper import ApiTelegramException

from tests.harness.telegram import SandboxClient
from tests.sandbox.server import PERSON, Sandbox

ADA = {"id": 71, "is_bot": False, "first_name": "Ada", "username": "ada"}
BEN = {"id": 72, "is_bot": False, "first_name": "Ben"}
USERNAME = "butler_sandbox_bot"

_group_ids = count(1)


@pytest.fixture
def group(sandbox: Sandbox, telegram: SandboxClient, bot: telebot.TeleBot) -> int:
    """Give a group that Ada has just added the bot to; the updates of that are confirmed."""
    group_id = -1_000_000 - next(_group_ids)
    telegram.add_to_group(group_id, title="Club", from_=ADA)
    sandbox.call("getUpdates", offset=bot.get_updates()[-1].update_id + 1)
    return group_id


def test_a_bot_that_is_added_learns_of_it(bot: telebot.TeleBot, telegram: SandboxClient) -> None:
    telegram.add_to_group(-900_001, title="Chess", from_=ADA)
    telegram.add_to_group(-900_001, title="Chess", from_=ADA, status="administrator")

    added, joined, promoted = bot.get_updates()
    change = added.my_chat_member
    assert (change.chat.title, change.chat.type, change.from_user.first_name) == (
        "Chess",
        "supergroup",
        "Ada",
    )
    assert (change.old_chat_member.status, change.new_chat_member.status) == ("left", "member")
    assert joined.message.new_chat_members[0].username == USERNAME
    assert promoted.my_chat_member.new_chat_member.can_delete_messages is True


def test_several_persons_write_in_one_group(
    bot: telebot.TeleBot, telegram: SandboxClient, group: int
) -> None:
    telegram.write(group, "hello", from_=ADA)
    telegram.write(group, f"/help@{USERNAME} and @{USERNAME}", from_=BEN)
    telegram.write(group, "me again", from_={"id": 71})

    messages = [update.message for update in bot.get_updates()]
    assert [message.from_user.first_name for message in messages] == ["Ada", "Ben", "Ada"]
    assert {(message.chat.id, message.chat.title) for message in messages} == {(group, "Club")}
    assert [entity.type for entity in messages[1].entities] == ["bot_command", "mention"]
    assert messages[1].entities[0].length == len(f"/help@{USERNAME}")


def test_a_reply_to_the_bot_is_recognised_and_a_reply_of_the_bot_names_its_question(
    bot: telebot.TeleBot, telegram: SandboxClient, group: int
) -> None:
    asked = telegram.write(group, "Who is there?", from_=BEN)["message_id"]
    answer = bot.send_message(group, "I am.", reply_parameters=types.ReplyParameters(asked))
    telegram.write(group, "Good.", from_=ADA, reply_to_message_id=answer.message_id)

    replied = bot.get_updates()[-1].message.reply_to_message
    assert (answer.reply_to_message.message_id, answer.reply_to_message.from_user.id) == (asked, 72)
    assert (replied.message_id, replied.from_user.is_bot) == (answer.message_id, True)
    assert replied.from_user.id == bot.get_me().id


def test_a_button_in_a_group_tells_who_pressed_it(
    bot: telebot.TeleBot, telegram: SandboxClient, group: int
) -> None:
    markup = types.InlineKeyboardMarkup([[types.InlineKeyboardButton("Vote", callback_data="v")]])
    sent = bot.send_message(group, "Vote", reply_markup=markup)
    telegram.press(group, sent.message_id, "v", from_=BEN)

    query = bot.get_updates()[-1].callback_query
    assert (query.from_user.id, query.message.chat.id, query.data) == (72, group, "v")


def test_members_can_be_asked_for(bot: telebot.TeleBot, telegram: SandboxClient, group: int) -> None:
    telegram.write(group, "hello", from_=BEN)
    telegram.set_member(group, {"id": 73, "first_name": "Cleo"}, "administrator")
    telegram.set_member(group, {"id": 74, "first_name": "Dan"}, "left")

    def status_of(user_id: int) -> str:
        return bot.get_chat_member(group, user_id).status

    people = (71, 72, 73, 74, bot.get_me().id)
    assert [status_of(one) for one in people] == ["creator", "member", "administrator", "left", "member"]
    assert [member.user.id for member in bot.get_chat_administrators(group)] == [71, 73]
    assert (bot.get_chat_member_count(group), bot.get_chat(group).title) == (4, "Club")
    with pytest.raises(ApiTelegramException, match="user not found"):
        status_of(987_654)


def test_members_of_a_private_chat(bot: telebot.TeleBot, chat: int) -> None:
    assert bot.get_chat_member(chat, chat).status == "member"
    with pytest.raises(ApiTelegramException, match="there are no administrators in the private chat"):
        bot.get_chat_administrators(chat)
    with pytest.raises(ApiTelegramException, match="can't be changed in private chats"):
        bot.leave_chat(chat)


def test_a_bot_that_left_hears_and_says_nothing_until_it_is_back(
    bot: telebot.TeleBot, telegram: SandboxClient, group: int
) -> None:
    bot.leave_chat(group)
    assert telegram.write(group, "gone?", from_=ADA)["update_id"] is None
    with pytest.raises(ApiTelegramException, match="Forbidden: bot is not a member of the supergroup chat"):
        bot.send_message(group, "x")
    telegram.add_to_group(group, title="Club", from_=BEN)
    telegram.write(group, "welcome back", from_=ADA)

    left, back, _service, message = bot.get_updates()
    assert (left.my_chat_member.new_chat_member.status, left.my_chat_member.from_user.is_bot) == (
        "left",
        True,
    )
    assert back.my_chat_member.from_user.first_name == "Ben"
    assert message.message.text == "welcome back"


def test_a_bot_that_was_thrown_out_is_told_so(
    bot: telebot.TeleBot, telegram: SandboxClient, group: int
) -> None:
    telegram.remove_from_group(group, from_=ADA)

    assert bot.get_updates()[-1].my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(ApiTelegramException, match="Forbidden: bot was kicked from the supergroup chat"):
        bot.send_message(group, "x")


def test_the_narrowest_menu_is_shown(bot: telebot.TeleBot, telegram: SandboxClient, group: int) -> None:
    telegram.write(group, "hello", from_=BEN)
    wider_first = [
        (types.BotCommandScopeDefault(), ""),
        (types.BotCommandScopeAllGroupChats(), ""),
        (types.BotCommandScopeAllGroupChats(), "ru"),
        (types.BotCommandScopeAllChatAdministrators(), ""),
        (types.BotCommandScopeChat(group), ""),
        (types.BotCommandScopeChatAdministrators(group), ""),
        (types.BotCommandScopeChatMember(group, 72), ""),
    ]

    def shown() -> list[str]:
        return [next(iter(telegram.commands(group, language="ru", user_id=one))) for one in (71, 72)]

    seen = []
    for number, (scope, language) in enumerate(wider_first):
        bot.set_my_commands([types.BotCommand(f"c{number}", "x")], scope=scope, language_code=language)
        seen.append(shown())
    assert [ada for ada, _ben in seen] == ["c0", "c1", "c2", "c3", "c4", "c5", "c5"]
    assert [ben for _ada, ben in seen] == ["c0", "c1", "c2", "c2", "c4", "c4", "c6"]

    for scope, language in reversed(wider_first[1:]):
        bot.delete_my_commands(scope=scope, language_code=language)
    assert shown() == ["c0", "c0"]


def test_menus_of_private_chats(bot: telebot.TeleBot, telegram: SandboxClient, chat: int) -> None:
    private = types.BotCommandScopeAllPrivateChats()
    bot.set_my_commands([types.BotCommand("group", "x")], scope=types.BotCommandScopeAllGroupChats())
    bot.set_my_commands([types.BotCommand("own", "x")], scope=private)

    assert telegram.commands(PERSON) == {"own": "x"}
    bot.delete_my_commands(scope=private)
    bot.delete_my_commands(scope=types.BotCommandScopeAllGroupChats())
    assert "own" not in telegram.commands(PERSON)


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        (types.BotCommandScopeChat(987_654), "chat not found"),
        (types.BotCommandScopeChatMember(PERSON, 1), "can't use specified scope in private chats"),
        (types.BotCommandScopeChatAdministrators(PERSON), "can't use specified scope in private chats"),
    ],
)
def test_scopes_that_make_no_sense_are_refused(
    bot: telebot.TeleBot, chat: int, scope: types.BotCommandScope, reason: str
) -> None:
    with pytest.raises(ApiTelegramException, match=reason):
        bot.set_my_commands([types.BotCommand("a", "x")], scope=scope)
