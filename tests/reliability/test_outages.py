"""Database, broker or Telegram away for seconds: nothing acknowledged is lost, everything is answered once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import requests

from butler_project.embedded.services import EmbeddedService
from tests.harness.processes import PATIENCE_S, paused
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.reliability.facts import assert_answered_once

OUTAGE_S = 3.0  # longer than an answer is insisted on
HANGING_S = 6.0  # longer than Redis is waited for
PAUSE_BETWEEN_MESSAGES_S = 0.5
CHATS = 4


@contextmanager
def away(service: EmbeddedService) -> Iterator[None]:
    """Kill a server, and start it again on the same port at the end of the block."""
    service.stop()
    try:
        yield
    finally:
        service.start()


def write_during(telegram: SandboxClient, chats: list[int], seconds: float) -> dict[int, list[str]]:
    """Let people write for so long; return what each wrote."""
    deadline = time.monotonic() + seconds
    written: dict[int, list[str]] = {chat: [] for chat in chats}
    for number in count():
        if time.monotonic() > deadline:
            return written
        for chat in chats:
            written[chat].append(f"во время {number}")
            telegram.write(chat, written[chat][-1])
        time.sleep(PAUSE_BETWEEN_MESSAGES_S)
    raise AssertionError("unreachable")


def greet(telegram: SandboxClient, chats: list[int]) -> None:
    for chat in chats:
        telegram.write(chat, "до")
        telegram.wait_for_answers(chat, 1)


def assert_everything_was_answered(stack: Stack, written: dict[int, list[str]]) -> None:
    for chat in written:
        stack.telegram.write(chat, "после")
    stack.wait_until_settled(timeout_s=60)
    for chat, questions in written.items():
        assert_answered_once(stack, chat, "до", *questions, "после")


def post_message(stack: Stack, chat_id: int) -> int:
    person = {"id": chat_id, "is_bot": False, "first_name": "Анна"}
    message = {
        "message_id": 1,
        "chat": {"id": chat_id, "type": "private"},
        "from": person,
        "text": "Вы здесь?",
    }
    body = json.dumps({"update_id": 700_000_000 + chat_id, "message": message}).encode()
    return stack.post_update(body).status_code


def test_without_the_database_nothing_is_acknowledged_and_nothing_is_lost(
    telegram: SandboxClient, stack: Stack
) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    stranger = new_chat_id()
    greet(telegram, chats)

    with away(stack.mongodb):
        status = post_message(stack, stranger)
        written = write_during(telegram, chats, PAUSE_BETWEEN_MESSAGES_S)  # the refusal took three seconds
        assert len(telegram.get("pending")["updates"]) == sum(map(len, written.values()))

    assert status == 503
    assert_everything_was_answered(stack, written)
    assert stack.database().inbox_updates.count_documents({"chat_id": str(stranger)}) == 0


def test_a_database_that_hangs_delays_answers_and_loses_none(telegram: SandboxClient, stack: Stack) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    greet(telegram, chats)

    with paused(stack.mongodb):
        written = write_during(telegram, chats, HANGING_S)

    assert_everything_was_answered(stack, written)


def test_a_broker_that_was_killed_delays_answers_and_loses_none(
    telegram: SandboxClient, stack: Stack
) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    greet(telegram, chats)

    with away(stack.redis):
        written = write_during(telegram, chats, OUTAGE_S)
        ready = requests.get(f"{stack.web_url}/health/ready", timeout=PATIENCE_S)

    assert (ready.status_code, ready.json()["broker"], ready.json()["database"]) == (503, "unavailable", "ok")
    assert_everything_was_answered(stack, written)


def test_a_broker_that_hangs_delays_answers_and_loses_none(telegram: SandboxClient, stack: Stack) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    greet(telegram, chats)

    with paused(stack.redis):
        written = write_during(telegram, chats, HANGING_S)

    assert_everything_was_answered(stack, written)


def test_while_telegram_hangs_nothing_is_lost_and_nothing_doubled(
    telegram: SandboxClient, stack: Stack
) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    greet(telegram, chats)
    for chat in chats:
        telegram.write(chat, "во время 0")

    with paused(stack.sandbox):
        time.sleep(OUTAGE_S)

    assert_everything_was_answered(stack, {chat: ["во время 0"] for chat in chats})


def test_while_telegram_fails_answers_wait_for_it(telegram: SandboxClient, stack: Stack) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    greet(telegram, chats)
    faults = ({"kind": "drop"}, {"kind": "error", "status": 502}, {"kind": "error", "status": 401})
    for chat, fault in zip(chats, faults, strict=False):
        telegram.order_fault(
            **fault, method="sendMessage", chat_id=chat, times=5
        )  # more than one attempt makes
    telegram.order_fault(kind="accept_then_drop", method="sendMessage", chat_id=chats[-1])

    for chat in chats:
        telegram.write(chat, "во время 0")

    assert_everything_was_answered(stack, {chat: ["во время 0"] for chat in chats})
