"""Telegram may deliver an update again, at once or much later, and may start its numbers anew."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.reliability.facts import assert_answered_once

THREADS = 16


def text_update(update_id: int, chat_id: int, text: str, *, message_id: int) -> dict[str, Any]:
    person = {"id": chat_id, "is_bot": False, "first_name": "Анна"}
    chat = {"id": chat_id, "type": "private", "first_name": "Анна"}
    message = {"message_id": message_id, "date": 1_760_000_000, "chat": chat, "from": person, "text": text}
    return {"update_id": update_id, "message": message}


def post(stack: Stack, update: dict[str, Any]) -> int:
    return stack.post_update(json.dumps(update).encode()).status_code


def test_an_update_delivered_again_after_its_answer_is_answered_once(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    written = telegram.write(chat_id, "Один раз")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    update = text_update(written["update_id"], chat_id, "Один раз", message_id=written["message_id"])
    statuses = [post(stack, update) for _ in range(3)]

    stack.wait_until_settled()
    assert statuses == [200, 200, 200]
    assert_answered_once(stack, chat_id, "Один раз")


def test_an_update_delivered_by_many_at_the_same_time_is_answered_once(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, "Начало")
    telegram.wait_for_answers(chat_id, 1)
    update = text_update(600_000_000 + chat_id, chat_id, "Все сразу", message_id=1_000_000)

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(lambda _: post(stack, update), range(THREADS)))

    assert statuses == [200] * THREADS
    telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()
    assert_answered_once(stack, chat_id, "Начало", "Все сразу")
    assert stack.database().inbox_updates.count_documents({"update_id": update["update_id"]}) == 1


def test_numbers_that_start_again_lower_are_answered_in_order_of_arrival(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    questions = [f"вопрос {number}" for number in range(6)]
    telegram.write(chat_id, questions[0])
    for number, question in enumerate(questions[1:3], start=1):
        telegram.deliver(text_update(1_900_000_000 + chat_id * 10 + number, chat_id, question, message_id=0))
    for number, question in enumerate(questions[3:], start=1):
        telegram.deliver(text_update(40_000_000 + chat_id * 10 + number, chat_id, question, message_id=0))

    telegram.wait_for_answers(chat_id, len(questions))
    stack.wait_until_settled()
    assert_answered_once(stack, chat_id, *questions)
