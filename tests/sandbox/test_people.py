"""What people do beside writing: edit, quote, press, send files and albums, block."""

from __future__ import annotations

import struct

import pytest
import requests
import telebot
from telebot import types
from telebot.apihelper import ApiTelegramException

from sandbox.telegram.pictures import draw_plain_picture, measure_picture
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import Sandbox

JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 600, 1200) + b"\x03"


def keyboard(*rows: str) -> types.InlineKeyboardMarkup:
    return types.InlineKeyboardMarkup(
        [[types.InlineKeyboardButton(data.upper(), callback_data=data)] for data in rows]
    )


def test_an_edit_reaches_the_bot_as_an_update(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    written = telegram.write(chat, "/start")
    edited = telegram.edit(chat, written["message_id"], "/help me")

    first, second = bot.get_updates()
    assert (first.message.text, first.message.edit_date) == ("/start", None)
    message = second.edited_message
    assert (second.update_id, message.message_id) == (edited["update_id"], written["message_id"])
    assert (message.text, message.date, message.entities[0].length) == ("/help me", first.message.date, 5)
    assert message.edit_date >= message.date
    assert telegram.message(chat, written["message_id"])["edited_at"] is not None


def test_only_own_messages_that_are_there_can_be_edited(
    bot: telebot.TeleBot, sandbox: Sandbox, telegram: SandboxClient, chat: int
) -> None:
    theirs = bot.send_message(chat, "mine").message_id
    gone = telegram.write(chat, "gone")["message_id"]
    bot.delete_message(chat, gone)

    for message_id, status in ((theirs, 400), (gone, 404), (10**6, 404)):
        with pytest.raises(requests.HTTPError) as refusal:
            telegram.edit(chat, message_id, "x")
        assert refusal.value.response.status_code == status
    assert [message["text"] for message in telegram.messages(chat, with_deleted=True)][-1] == "gone"


def test_an_album_is_files_with_one_group_and_a_caption_can_be_edited(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    first = telegram.upload(chat, kind="photo", content=JPEG, caption="two of @them", media_group_id="77")
    telegram.upload(chat, kind="video", content=b"mp4", duration=9, media_group_id="77")
    telegram.edit(chat, first["message_id"], "both")

    photo, video, edit = bot.get_updates()
    assert photo.message.media_group_id == video.message.media_group_id == "77"
    assert photo.message.caption_entities[0].type == "mention"
    assert (video.message.video.duration, video.message.video.file_name) == (9, "video.mp4")
    assert (edit.edited_message.caption, edit.edited_message.text) == ("both", None)
    assert edit.edited_message.photo[-1].file_id == first["file_id"]


def test_a_photo_comes_in_sizes_that_can_all_be_fetched(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    telegram.upload(chat, kind="photo", content=JPEG)

    sizes = bot.get_updates()[-1].message.photo
    assert [(size.width, size.height) for size in sizes] == [(90, 45), (320, 160), (1200, 600)]
    contents = [bot.download_file(bot.get_file(size.file_id).file_path) for size in sizes]
    assert [measure_picture(content) for content in contents] == [(90, 45), (320, 160), (1200, 600)]
    assert contents[-1] == JPEG
    assert [len(content) for content in contents] == [size.file_size for size in sizes]


def test_a_video_note_is_round_and_a_voice_has_its_length(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    telegram.upload(chat, kind="video_note", content=b"mp4", duration=3)
    telegram.upload(chat, kind="voice", content=b"OggS", duration=4, caption="hear")
    note, voice = [update.message for update in bot.get_updates()]

    assert (note.video_note.length, note.video_note.duration) == (384, 3)
    assert (voice.voice.duration, voice.voice.mime_type, voice.caption) == (4, "audio/ogg", "hear")
    assert telegram.download(voice.voice.file_id) == b"OggS"


def test_a_file_too_big_to_fetch_is_still_described(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    size = 20 * 2**20 + 1
    telegram.upload(chat, kind="document", content=b"x", name="отчёт.pdf", file_size=size)

    document = bot.get_updates()[-1].message.document
    assert (document.file_name, document.mime_type, document.file_size) == (
        "отчёт.pdf",
        "application/pdf",
        size,
    )
    with pytest.raises(ApiTelegramException, match="Bad Request: file is too big"):
        bot.get_file(document.file_id)


def test_what_the_bot_sends_as_a_file_can_be_downloaded(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    bot.send_document(chat, ("memory.json", b"{}"), caption="all")

    document = telegram.messages(chat)[-1]["attachment"]
    assert (document["kind"], document["file_name"], document["file_size"]) == ("document", "memory.json", 2)
    assert telegram.download(document["file_id"]) == b"{}"


def test_a_part_of_a_message_can_be_quoted(bot: telebot.TeleBot, telegram: SandboxClient, chat: int) -> None:
    sent = bot.send_message(chat, "😀 <b>tea</b> or <code>coffee</code>", parse_mode="HTML")
    telegram.write(chat, "this", reply_to_message_id=sent.message_id, quote="ea or coffee")

    message = bot.get_updates()[-1].message
    assert (message.reply_to_message.text, message.reply_to_message.from_user.is_bot) == (sent.text, True)
    assert (message.quote.text, message.quote.position, message.quote.is_manual) == ("ea or coffee", 4, True)
    assert [(one.type, one.offset, one.length) for one in message.quote.entities] == [("bold", 0, 2)]
    with pytest.raises(requests.HTTPError):
        telegram.write(chat, "that", reply_to_message_id=sent.message_id, quote="cocoa")


def test_the_bot_quotes_only_what_was_said(bot: telebot.TeleBot, telegram: SandboxClient, chat: int) -> None:
    said = telegram.write(chat, "black tea, please")["message_id"]

    answer = bot.send_message(chat, "Yes", reply_parameters=types.ReplyParameters(said, quote="tea"))
    with pytest.raises(ApiTelegramException, match="QUOTE_TEXT_INVALID"):
        bot.send_message(chat, "Yes", reply_parameters=types.ReplyParameters(said, quote="coffee"))

    assert (answer.quote.text, answer.reply_to_message.text) == ("tea", "black tea, please")
    assert telegram.message(chat, answer.message_id)["quote"] == "tea"


def test_buttons_are_pressed_answered_and_change(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    sent = bot.send_message(chat, "which?", reply_markup=keyboard("a", "b")).message_id
    assert [[button["text"] for button in row] for row in telegram.keyboard(chat, sent)] == [["A"], ["B"]]

    pressed = telegram.press(chat, sent, "b")["callback_query_id"]
    bot.answer_callback_query(pressed, "done", show_alert=True)
    bot.edit_message_reply_markup(chat, sent, reply_markup=None)

    assert telegram.keyboard(chat, sent) == []
    (answer,) = telegram.callback_answers(chat)[-1:]
    assert (answer["callback_query_id"], answer["text"], answer["show_alert"]) == (pressed, "done", True)


def test_a_press_of_long_ago_cannot_be_answered(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    sent = bot.send_message(chat, "which?", reply_markup=keyboard("a")).message_id
    pressed = telegram.press(chat, sent, "a")["callback_query_id"]
    telegram.expire_presses()

    with pytest.raises(ApiTelegramException) as refusal:
        bot.answer_callback_query(pressed)
    assert refusal.value.description == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )


def test_a_block_and_its_end_are_told_to_the_bot(
    bot: telebot.TeleBot, telegram: SandboxClient, chat: int
) -> None:
    for is_blocked in (True, True, False):
        telegram.block(chat, is_blocked=is_blocked)

    changes = [update.my_chat_member for update in bot.get_updates()]
    statuses = [(change.old_chat_member.status, change.new_chat_member.status) for change in changes]
    assert statuses == [("member", "kicked"), ("kicked", "member")]
    assert {change.from_user.id for change in changes} == {chat}


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (draw_plain_picture(7, 5), (7, 5)),
        (b"GIF89a" + struct.pack("<HH", 12, 34), (12, 34)),
        (b"RIFF____WEBPVP8X" + b"\0" * 8 + b"\x63\0\0\x31\0\0", (100, 50)),
        (b"RIFF____WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 64, 48), (64, 48)),
        (b"RIFF____WEBPVP8L" + b"\0" * 5 + struct.pack("<I", 9 | 19 << 14), (10, 20)),
        (b"\xff\xd8\xff", None),
        (b"\x89PNG", None),
        (b"", None),
    ],
)
def test_pictures_are_measured_by_their_headers(content: bytes, size: tuple[int, int] | None) -> None:
    assert measure_picture(content) == size
