from __future__ import annotations

import re

import pytest
import requests
import telebot
from telebot import types
from telebot.apihelper import ApiTelegramException

from tests.harness.processes import PATIENCE_S
from tests.sandbox.server import TOKEN, Sandbox


def refusal_of(error: pytest.ExceptionInfo[ApiTelegramException]) -> tuple[int, str]:
    return error.value.error_code, error.value.description


def keyboard(data: str) -> types.InlineKeyboardMarkup:
    return types.InlineKeyboardMarkup([[types.InlineKeyboardButton("press", callback_data=data)]])


def test_the_bot_introduces_itself(bot: telebot.TeleBot) -> None:
    me = bot.get_me()

    assert (me.is_bot, me.username) == (True, "butler_sandbox_bot")


def test_a_sent_message_is_what_the_person_sees(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    sent = bot.send_message(chat, "<b>Yes</b> 😀", parse_mode="HTML", reply_markup=keyboard("x"))

    seen = sandbox.messages()[-1]
    assert (sent.text, sent.entities[0].type, sent.chat.id) == ("Yes 😀", "bold", chat)
    assert seen["message_id"] == sent.message_id
    assert (seen["text"], seen["html"], seen["from_bot"]) == ("Yes 😀", "<strong>Yes</strong> 😀", True)
    assert seen["reply_markup"] == {"inline_keyboard": [[{"text": "press", "callback_data": "x"}]]}


def test_private_chats_share_one_message_counter(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    first = sandbox.say("a", chat_id=chat)["message_id"]
    second = sandbox.say("b", chat_id=777)["message_id"]
    third = bot.send_message(chat, "c").message_id

    assert (second, third) == (first + 1, first + 2)


def test_a_supergroup_counts_its_own_messages(sandbox: Sandbox) -> None:
    person = {"id": 5, "first_name": "Ada"}
    group = {"id": -100500, "type": "supergroup", "title": "Club"}
    first = sandbox.say("a", chat_id=-100500, message={"chat": group})["message_id"]
    second = sandbox.say("b", chat_id=-100500, **{"from": person})["message_id"]

    update = sandbox.get("pending")["updates"][-1]["message"]
    assert second == first + 1
    assert update["chat"] == group
    assert update["from"]["first_name"] == "Ada"


def test_a_long_text_fits_the_query_string(bot: telebot.TeleBot, chat: int) -> None:
    text = "\U0001f600" * 2048

    assert bot.send_message(chat, text).text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x" * 4097, "message is too long"),
        ("\U0001f600" * 2049, "message is too long"),
        (" \n ", "message text is empty"),
        ("\u0000", "message text is empty"),
    ],
)
def test_texts_of_wrong_length_are_refused(bot: telebot.TeleBot, chat: int, text: str, reason: str) -> None:
    with pytest.raises(ApiTelegramException) as refusal:
        bot.send_message(chat, text)

    assert refusal_of(refusal) == (400, f"Bad Request: {reason}")


def test_the_length_counts_after_parsing(bot: telebot.TeleBot, chat: int) -> None:
    source = "<b>" + "&lt;" * 4096 + "</b>"

    assert bot.send_message(chat, source, parse_mode="HTML").text == "<" * 4096


def test_broken_markup_is_refused(bot: telebot.TeleBot, chat: int) -> None:
    with pytest.raises(ApiTelegramException) as refusal:
        bot.send_message(chat, "<b>a", parse_mode="HTML")

    reason = "can't parse entities: Can't find end tag corresponding to start tag \"b\""
    assert refusal_of(refusal) == (400, f"Bad Request: {reason}")


def test_unknown_and_blocked_chats_are_refused(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    with pytest.raises(ApiTelegramException) as unknown:
        bot.send_message(987654, "a")
    sandbox.post(f"chats/{chat}/block", {"blocked": True})
    with pytest.raises(ApiTelegramException) as blocked:
        bot.send_message(chat, "a")

    assert refusal_of(unknown) == (400, "Bad Request: chat not found")
    assert refusal_of(blocked) == (403, "Forbidden: bot was blocked by the user")


@pytest.mark.parametrize(("data", "is_taken"), [("x" * 64, True), ("x" * 65, False), ("я" * 33, False)])
def test_callback_data_is_at_most_64_bytes(
    bot: telebot.TeleBot, chat: int, data: str, is_taken: bool
) -> None:
    if is_taken:
        assert bot.send_message(chat, "a", reply_markup=keyboard(data)).reply_markup is not None
        return
    with pytest.raises(ApiTelegramException, match="BUTTON_DATA_INVALID"):
        bot.send_message(chat, "a", reply_markup=keyboard(data))


def test_replies_quote_and_replies_to_nothing_are_refused(bot: telebot.TeleBot, chat: int) -> None:
    first = bot.send_message(chat, "first")

    answer = bot.send_message(chat, "b", reply_parameters=types.ReplyParameters(first.message_id))
    lenient = types.ReplyParameters(10**6, allow_sending_without_reply=True)
    alone = bot.send_message(chat, "c", reply_parameters=lenient)
    with pytest.raises(ApiTelegramException, match="message to be replied not found"):
        bot.send_message(chat, "d", reply_parameters=types.ReplyParameters(10**6))

    broken = [types.MessageEntity("bold", None, 1)]
    quoting = types.ReplyParameters(first.message_id, quote="first", quote_entities=broken)
    with pytest.raises(ApiTelegramException, match="can't parse MessageEntity"):
        bot.send_message(chat, "e", reply_parameters=quoting)

    assert answer.reply_to_message.text == "first"
    assert alone.reply_to_message is None


def test_documents_photos_and_voice_go_up_and_come_down(bot: telebot.TeleBot, chat: int) -> None:
    document = bot.send_document(chat, ("отчёт.txt", b"text"), caption="<i>see</i>", parse_mode="HTML")
    voice = bot.send_voice(chat, b"OggS sound", duration=3)
    photo = bot.send_photo(chat, ("a.png", b"\x89PNG"))
    again = bot.send_document(chat, document.document.file_id)

    assert (document.document.file_name, document.caption) == ("отчёт.txt", "see")
    assert document.caption_entities[0].type == "italic"
    assert bot.download_file(bot.get_file(voice.voice.file_id).file_path) == b"OggS sound"
    assert bot.download_file(bot.get_file(photo.photo[-1].file_id).file_path) == b"\x89PNG"
    assert again.document.file_id == document.document.file_id


def test_wrong_files_are_refused(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    with pytest.raises(ApiTelegramException, match="invalid file_id"):
        bot.get_file("nothing")
    with pytest.raises(ApiTelegramException, match="wrong file identifier"):
        bot.send_document(chat, "nothing")
    with pytest.raises(ApiTelegramException, match="message caption is too long"):
        bot.send_document(chat, ("a.txt", b"a"), caption="x" * 1025)

    assert sandbox.call("sendDocument", chat_id=chat).json()["description"] == (
        "Bad Request: there is no document in the request"
    )


def test_files_over_20_and_50_megabytes_are_refused(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int
) -> None:
    form = {"chat_id": chat, "kind": "document"}
    big = {"file": ("big.bin", b"x" * (20 * 2**20 + 1))}
    uploaded = sandbox.http.post(f"{sandbox.api}/uploads", data=form, files=big, timeout=PATIENCE_S).json()
    with pytest.raises(ApiTelegramException) as too_big:
        bot.get_file(uploaded["file_id"])
    with pytest.raises(ApiTelegramException) as too_large:
        bot.send_document(chat, ("huge.bin", b"x" * (50 * 2**20 + 1)))

    assert refusal_of(too_big) == (400, "Bad Request: file is too big")
    assert refusal_of(too_large) == (413, "Request Entity Too Large")


def test_chat_actions_are_checked(bot: telebot.TeleBot, chat: int) -> None:
    assert bot.send_chat_action(chat, "typing") is True
    with pytest.raises(ApiTelegramException, match="wrong parameter action in request"):
        bot.send_chat_action(chat, "dancing")


@pytest.mark.parametrize("form", ["query", "urlencoded", "multipart", "json"])
def test_parameters_are_read_from_every_place(sandbox: Sandbox, chat: int, form: str) -> None:
    url, fields = f"{sandbox.root}/bot{TOKEN}/SENDMESSAGE", {"chat_id": str(chat), "text": f"по {form}"}
    arguments = {
        "query": {"params": fields},
        "urlencoded": {"data": fields},
        "multipart": {"files": {name: (None, value) for name, value in fields.items()}},
        "json": {"json": fields},
    }[form]

    answer = requests.post(url, timeout=PATIENCE_S, **arguments).json()

    assert answer["result"]["text"] == f"по {form}"


def test_an_unknown_method_is_not_found(sandbox: Sandbox) -> None:
    response = sandbox.call("sendTelepathy")

    assert response.status_code == 404
    assert response.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


def test_the_chat_and_the_command_menu_can_be_read(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    bot.set_my_commands([types.BotCommand("start", "Начать")])
    bot.set_my_commands([types.BotCommand("start", "Begin")], language_code="en")
    bot.set_my_commands([types.BotCommand("admin", "Rule")], scope=types.BotCommandScopeChat(chat))

    own = sandbox.get(f"chats/{chat}/commands")["commands"]
    english = sandbox.get("chats/12345/commands", lang="en")["commands"]
    assert bot.get_chat(chat).type == "private"
    assert [command.description for command in bot.get_my_commands()] == ["Начать"]
    assert (own[0]["command"], english[0]["description"]) == ("admin", "Begin")

    bot.delete_my_commands(scope=types.BotCommandScopeChat(chat))
    with pytest.raises(ApiTelegramException, match="BOT_COMMAND_INVALID"):
        bot.set_my_commands([types.BotCommand("Не так", "x")])
    assert sandbox.get(f"chats/{chat}/commands")["commands"][0]["description"] == "Начать"


def test_limits_answer_429_with_the_time_to_wait(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    slow = {"chat_rate": 0.01, "edit_rate": 0.01}  # calls a second: none is earned while the test lasts
    sandbox.post("limits", {"enabled": True, "chat_burst": 3, "edit_burst": 2, **slow})
    sent = [bot.send_message(chat, f"{number}") for number in range(3)]
    with pytest.raises(ApiTelegramException) as send:
        bot.send_message(chat, "too fast")
    for number in range(2):
        bot.edit_message_text(f"edit {number}", chat, sent[0].message_id)
    with pytest.raises(ApiTelegramException) as edit:
        bot.edit_message_text("edit too fast", chat, sent[0].message_id)
    defaults = {"chat_burst": 20, "edit_burst": 20, "chat_rate": 1, "edit_rate": 1, "enabled": False}
    sandbox.post("limits", defaults)

    waits = [refusal.value.result_json["parameters"]["retry_after"] for refusal in (send, edit)]
    assert refusal_of(send) == (429, f"Too Many Requests: retry after {waits[0]}")
    assert all(100 - PATIENCE_S < wait <= 100 for wait in waits)


def test_calls_are_counted_and_logged_without_long_values(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int
) -> None:
    sandbox.delete("calls")
    bot.send_message(chat, "x" * 1000)
    with pytest.raises(ApiTelegramException):
        bot.send_message(4040404, "x")

    calls = sandbox.get("calls", method="sendMessage")["calls"]
    assert [call["status"] for call in calls] == [200, 400]
    assert calls[0]["parameters"]["text"] == "x" * 200
    assert calls[0]["received_at"] <= calls[0]["answered_at"]
    assert len(sandbox.get("calls", chat_id=chat)["calls"]) == 1
    assert sandbox.get("stats")["methods"]["sendMessage"] == {
        "total": 2,
        "by_status": {"200": 1, "400": 1},
    }
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", sandbox.root)
