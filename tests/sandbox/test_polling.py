from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import telebot
from telebot.apihelper import ApiTelegramException

from tests.harness.processes import PATIENCE_S, wait_until
from tests.sandbox.server import PERSON, Sandbox


def poll(sandbox: Sandbox, **parameters: object) -> list[dict]:
    return sandbox.call("getUpdates", **parameters).json()["result"]


def list_waiting(sandbox: Sandbox) -> list[dict]:
    return [call for call in sandbox.get("calls", method="getUpdates")["calls"] if not call["status"]]


def texts(updates: list[dict]) -> list[str]:
    return [update["message"]["text"] for update in updates]


def test_the_client_receives_what_people_write(bot: telebot.TeleBot, sandbox: Sandbox) -> None:
    numbers = sandbox.say("/start привет", **{"from": {"id": PERSON, "first_name": "Ada", "username": "ada"}})

    (update,) = bot.get_updates(timeout=5)

    message = update.message
    assert (update.update_id, message.message_id) == (numbers["update_id"], numbers["message_id"])
    assert (message.from_user.first_name, message.from_user.username, message.chat.id) == (
        "Ada",
        "ada",
        PERSON,
    )
    assert [(entity.type, entity.offset, entity.length) for entity in message.entities] == [
        ("bot_command", 0, 6)
    ]


@pytest.mark.parametrize("text", ["a\ud83d", "\udc00\0\u202e", "x" * 100_000, ""])
def test_hostile_texts_pass_unchanged(sandbox: Sandbox, text: str) -> None:
    sandbox.say(text)

    assert texts(poll(sandbox)) == [text]


def test_an_offset_confirms_everything_below_it(sandbox: Sandbox) -> None:
    ids = [sandbox.say(text)["update_id"] for text in "abc"]

    assert texts(poll(sandbox)) == ["a", "b", "c"]
    assert texts(poll(sandbox, offset=ids[1], limit=1)) == ["b"]
    assert texts(poll(sandbox)) == ["b", "c"]
    assert poll(sandbox, offset=ids[2] + 1) == []
    assert sandbox.get("pending")["updates"] == []


def test_a_negative_offset_keeps_the_last_ones(sandbox: Sandbox) -> None:
    for text in "abc":
        sandbox.say(text)

    assert texts(poll(sandbox, offset=-2)) == ["b", "c"]
    assert texts(poll(sandbox)) == ["b", "c"]


def test_long_polling_ends_with_the_arrival(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(poll, sandbox, timeout=50)
        wait_until(lambda: list_waiting(sandbox), what="the poll")
        sandbox.say("now")

        assert texts(waiting.result(30)) == ["now"]


def test_long_polling_ends_with_its_timeout(sandbox: Sandbox) -> None:
    started = time.monotonic()

    assert poll(sandbox, timeout=1) == []
    assert time.monotonic() - started > 0.9


def test_a_second_poller_ends_the_first(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(sandbox.call, "getUpdates", timeout=10)
        while not first.done():  # until it has arrived, nobody can end it
            sandbox.call("getUpdates")
            time.sleep(0.05)

        assert first.result().status_code == 409
    assert first.result().json()["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


def test_polling_conflicts_with_a_webhook(bot: telebot.TeleBot, sandbox: Sandbox) -> None:
    bot.set_webhook(f"{sandbox.root}/nowhere")

    with pytest.raises(ApiTelegramException) as refusal:
        bot.get_updates(timeout=1)

    assert refusal.value.error_code == 409
    assert refusal.value.description.startswith(
        "Conflict: can't use getUpdates method while webhook is active"
    )


def test_only_wanted_kinds_are_queued(sandbox: Sandbox) -> None:
    poll(sandbox, allowed_updates=["callback_query"])
    sandbox.say("unwanted")
    poll(sandbox, allowed_updates=["message"])
    sandbox.say("wanted")

    assert texts(poll(sandbox)) == ["wanted"]


def test_raw_updates_pass_and_numbers_may_start_again(sandbox: Sandbox) -> None:
    chat = {"id": PERSON, "type": "private"}
    high = sandbox.say("high")["update_id"]
    poll(sandbox, offset=high + 1)
    low = {"update_id": 5, "message": {"message_id": 1, "date": 0, "chat": chat, "text": "low"}}
    sandbox.post("updates", low)
    unnumbered = sandbox.post("updates", {"edited_message": low["message"]})

    assert [update["update_id"] for update in poll(sandbox, offset=high + 1)] == [5, 6]
    assert unnumbered == {"update_id": 6}
    assert poll(sandbox, offset=7) == []
    sandbox.post("updates", {"update_id": high + 1, "message": low["message"]})


def test_a_redelivered_number_arrives_again(sandbox: Sandbox) -> None:
    update = {"update_id": sandbox.say("x")["update_id"] + 1, "message": {"chat": {"id": 1}, "text": "same"}}
    sandbox.post("updates", update)
    sandbox.post("updates", update)

    assert texts(poll(sandbox)) == ["x", "same", "same"]


def test_the_reply_of_a_person_carries_the_quote(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    sent = bot.send_message(chat, "question")
    sandbox.say("answer", reply_to_message_id=sent.message_id)

    assert poll(sandbox)[-1]["message"]["reply_to_message"]["text"] == "question"


def test_an_upload_reaches_the_bot_as_a_file(bot: telebot.TeleBot, sandbox: Sandbox) -> None:
    form = {"chat_id": PERSON, "kind": "voice", "duration": "4", "caption": "listen"}
    files = {"file": ("v.ogg", b"OggS", "audio/ogg")}
    uploaded = sandbox.http.post(f"{sandbox.api}/uploads", data=form, files=files, timeout=PATIENCE_S).json()

    message = bot.get_updates(timeout=5)[-1].message
    assert (message.voice.file_id, message.voice.duration) == (uploaded["file_id"], 4)
    assert message.caption == "listen"
    assert bot.download_file(bot.get_file(message.voice.file_id).file_path) == b"OggS"
