from __future__ import annotations

import pytest
import telebot
from telebot import types
from telebot.apihelper import ApiTelegramException

from tests.sandbox.server import Sandbox

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)


def keyboard(data: str) -> types.InlineKeyboardMarkup:
    return types.InlineKeyboardMarkup([[types.InlineKeyboardButton("press", callback_data=data)]])


def test_every_revision_is_kept(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    sent = bot.send_message(chat, "a")
    for text in ("a b", "a b <b>c</b>"):
        edited = bot.edit_message_text(text, chat, sent.message_id, parse_mode="HTML")

    seen = sandbox.messages()[-1]
    assert (edited.text, edited.edit_date >= sent.date) == ("a b c", True)
    assert [revision["text"] for revision in seen["revisions"]] == ["a", "a b", "a b c"]
    assert (seen["edit_count"], seen["html"]) == (2, "a b <strong>c</strong>")
    assert seen["sent_at"] <= seen["revisions"][1]["at"] <= seen["edited_at"]


def test_reading_after_a_sequence_number_gives_what_changed(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int
) -> None:
    first, _second = bot.send_message(chat, "one"), bot.send_message(chat, "two")
    seq = sandbox.get(f"chats/{chat}/messages")["seq"]
    bot.edit_message_text("one more", chat, first.message_id)

    assert [message["text"] for message in sandbox.messages(after=seq)] == ["one more"]


@pytest.mark.parametrize("with_keyboard", [False, True])
def test_an_edit_without_a_change_is_refused(bot: telebot.TeleBot, chat: int, with_keyboard: bool) -> None:
    markup = keyboard("x") if with_keyboard else None
    sent = bot.send_message(chat, "<b>same</b>", parse_mode="HTML", reply_markup=markup)

    with pytest.raises(ApiTelegramException) as refusal:
        bot.edit_message_text("<b>same </b>", chat, sent.message_id, parse_mode="HTML", reply_markup=markup)

    assert refusal.value.description == f"Bad Request: {NOT_MODIFIED}"


def test_a_change_of_entities_or_keyboard_alone_is_an_edit(bot: telebot.TeleBot, chat: int) -> None:
    sent = bot.send_message(chat, "same")

    bold = bot.edit_message_text("<b>same</b>", chat, sent.message_id, parse_mode="HTML")
    pressed = bot.edit_message_reply_markup(chat, sent.message_id, reply_markup=keyboard("y"))
    bare = bot.edit_message_reply_markup(chat, sent.message_id)

    assert bold.entities[0].type == "bold"
    assert pressed.reply_markup.keyboard[0][0].callback_data == "y"
    assert (bare.reply_markup, bare.text) == (None, "same")


def test_wrong_edits_are_refused(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    theirs = sandbox.say("mine")["message_id"]
    own = bot.send_message(chat, "a").message_id
    attempts = {
        "message can't be edited": ("b", theirs),
        "message to edit not found": ("b", 10**6),
        "MESSAGE_TOO_LONG": ("x" * 4097, own),
        "message text is empty": (" ", own),
    }
    for reason, (text, message_id) in attempts.items():
        with pytest.raises(ApiTelegramException) as refusal:
            bot.edit_message_text(text, chat, message_id)
        assert refusal.value.description == f"Bad Request: {reason}"


def test_deleted_messages_are_gone(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    ids = [bot.send_message(chat, f"{number}").message_id for number in range(3)]

    assert bot.delete_message(chat, ids[0]) is True
    assert bot.delete_messages(chat, [ids[0], ids[1]]) is True
    with pytest.raises(ApiTelegramException, match="message to delete not found"):
        bot.delete_message(chat, ids[0])
    with pytest.raises(ApiTelegramException, match="message to edit not found"):
        bot.edit_message_text("x", chat, ids[1])

    assert [message["message_id"] for message in sandbox.messages()][-1] == ids[2]
    assert [message["text"] for message in sandbox.messages(deleted=1)][-3:] == ["0", "1", "2"]


def test_captions_can_be_edited(bot: telebot.TeleBot, chat: int) -> None:
    sent = bot.send_document(chat, ("a.txt", b"a"), caption="old")

    assert bot.edit_message_caption("new", chat, sent.message_id).caption == "new"
    with pytest.raises(ApiTelegramException, match="there is no text in the message to edit"):
        bot.edit_message_text("text", chat, sent.message_id)


def test_a_pressed_button_reaches_the_bot_and_is_answered(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int
) -> None:
    sent = bot.send_message(chat, "choose", reply_markup=keyboard("yes"))
    pressed = sandbox.post("callbacks", {"chat_id": chat, "message_id": sent.message_id, "data": "yes"})

    query = bot.get_updates(timeout=5)[-1].callback_query
    assert (query.data, query.message.message_id, query.from_user.id) == ("yes", sent.message_id, chat)
    assert query.id == pressed["callback_query_id"]
    assert bot.answer_callback_query(query.id, "done") is True
    with pytest.raises(ApiTelegramException, match="query is too old"):
        bot.answer_callback_query("123", "done")
    with pytest.raises(ApiTelegramException, match="MESSAGE_TOO_LONG"):
        bot.answer_callback_query(query.id, "x" * 201)


def test_a_reaction_is_taken(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    message_id = sandbox.say("nice")["message_id"]

    assert bot.set_message_reaction(chat, message_id, [types.ReactionTypeEmoji("👍")]) is True
