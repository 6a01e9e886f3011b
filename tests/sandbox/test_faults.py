from __future__ import annotations

import time

import pytest
import requests
import telebot
from telebot.apihelper import ApiTelegramException

from tests.harness.processes import PATIENCE_S, wait_until
from tests.sandbox.server import Sandbox


def texts(sandbox: Sandbox) -> list[str]:
    return [message["text"] for message in sandbox.messages()][1:]


def test_an_ordered_error_comes_as_often_as_ordered(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int
) -> None:
    order = {
        "method": "sendMessage",
        "times": 2,
        "kind": "error",
        "status": 502,
        "description": "Bad Gateway",
    }
    assert sandbox.post("faults", order)["times"] == 2

    for _ in range(2):
        with pytest.raises(ApiTelegramException, match="Bad Gateway"):
            bot.send_message(chat, "no")
    bot.send_message(chat, "yes")

    assert texts(sandbox) == ["yes"]
    assert sandbox.get("faults") == {"faults": []}


def test_a_flood_error_names_the_time_to_wait(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    sandbox.post("faults", {"kind": "error", "retry_after": 3})

    with pytest.raises(ApiTelegramException) as refusal:
        bot.send_message(chat, "no")

    assert (refusal.value.error_code, refusal.value.result_json["parameters"]) == (429, {"retry_after": 3})


@pytest.mark.parametrize(("kind", "acted"), [("drop", []), ("accept_then_drop", ["sent"])])
def test_a_dropped_connection_acts_or_not(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int, kind: str, acted: list[str]
) -> None:
    sandbox.post("faults", {"method": "sendMessage", "kind": kind})

    with pytest.raises(requests.exceptions.ConnectionError):
        bot.send_message(chat, "sent")

    assert texts(sandbox) == acted


@pytest.mark.parametrize(("kind", "acted"), [("hang", []), ("accept_then_hang", ["sent"])])
def test_a_hanging_call_acts_or_not(
    bot: telebot.TeleBot, sandbox: Sandbox, chat: int, kind: str, acted: list[str]
) -> None:
    sandbox.post("faults", {"method": "sendMessage", "kind": kind, "seconds": 3_600})

    # What is acted upon has to be read before.
    with pytest.raises(requests.exceptions.ReadTimeout):
        bot.send_message(chat, "sent", timeout=2.5 if acted else 0.5)

    wait_until(lambda: texts(sandbox) == acted, what="what the call does")


def test_a_delayed_call_is_answered_later(bot: telebot.TeleBot, sandbox: Sandbox, chat: int) -> None:
    sandbox.post("faults", {"kind": "delay", "seconds": 0.4})
    started = time.monotonic()

    bot.send_message(chat, "late")

    assert time.monotonic() - started >= 0.4
    assert texts(sandbox) == ["late"]


def test_faults_can_be_aimed_at_a_chat_and_a_later_call(sandbox: Sandbox, chat: int) -> None:
    sandbox.say("other", chat_id=9)
    sandbox.post("faults", {"method": "sendMessage", "chat_id": 9, "skip": 1, "kind": "error"})

    statuses = [
        sandbox.call("sendMessage", chat_id=chat_id, text="x").status_code for chat_id in (chat, 9, 9, 9)
    ]

    assert statuses == [200, 200, 500, 200]


@pytest.mark.parametrize("order", [{"kind": "sulk"}, {"kind": "drop", "mood": "bad"}, {}])
def test_a_senseless_order_is_refused(sandbox: Sandbox, order: dict[str, str]) -> None:
    response = sandbox.http.post(f"{sandbox.api}/faults", json=order, timeout=PATIENCE_S)

    assert response.status_code == 400
    assert "error" in response.json()
