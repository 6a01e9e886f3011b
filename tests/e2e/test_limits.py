"""Limits, Butler's own and Telegram's: a flood through a worker of two threads, with a Telegram that refuses one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from botgateway.domain.buttons import write_action
from botgateway.handlers.again import RETRY_AREA
from botgateway.wording.limits import LimitsPhrase
from tests.e2e.test_delivery import words
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.shared_stack import QUICK, new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown
from tests.reliability.facts import assert_answered_once

THREADS = 2
CHATS = 60
RATE_PER_S = 10
RATE_LIMIT, BUDGET_TOKENS = 3, 1_500
SETTINGS = QUICK | {
    "RATE_LIMIT_PER_MINUTE": str(RATE_LIMIT),
    "DAILY_TOKEN_BUDGET": str(BUDGET_TOKENS),
    "TELEGRAM_RATE_PER_S": str(RATE_PER_S),
    "TELEGRAM_CHAT_RATE_PER_S": "1",
}
# Hardly more than Butler is told to keep to.
STRICT = {"enabled": True, "overall_rate": RATE_PER_S, "overall_burst": 5, "chat_rate": 1, "chat_burst": 5}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("limits"), worker_threads=THREADS, **SETTINGS) as stack:
        stack.telegram.post("limits", STRICT)
        yield stack


@pytest.fixture
def model(stack: Stack) -> Iterator[LLMStandIn]:
    assert stack.model is not None
    stack.model.clear()
    yield stack.model
    stack.model.clear()


def read_counter(stack: Stack, name: str) -> float:
    lines = stack.read_metrics("worker").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def refused_calls(telegram: SandboxClient, **filters: Any) -> int:
    return sum(call["status"] == 429 for call in telegram.calls(**filters))


def ask(telegram: SandboxClient, stack: Stack, chat_id: int, *questions: str) -> None:
    for question in questions:
        telegram.write(chat_id, question)
    stack.wait_until_settled()


def test_a_flood_is_answered_at_telegrams_pace_once_and_in_order(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn
) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]

    def talk(chat: int) -> None:
        client = SandboxClient(telegram.url)
        for question in ("первый", "второй")[: 1 + (chat == chats[0])]:
            client.write(chat, question)
        client.close()

    with ThreadPoolExecutor(8) as people:
        list(people.map(talk, chats))
    stack.wait_until_settled()

    assert_answered_once(stack, chats[0], "первый", "второй")
    for chat in chats[1:]:
        assert_answered_once(stack, chat, "первый")
    assert refused_calls(telegram, method="sendMessage") == 0
    assert len(model.requests()) == CHATS + 1


def test_an_answer_in_many_parts_goes_on_where_it_had_to_wait(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    text = words(2_000)
    model.script({"kind": "answer", "match": "подробно", "text": text})

    ask(telegram, stack, chat_id, "подробно")

    assert " ".join(telegram.answers(chat_id)).split() == text.split()
    assert len(telegram.answers(chat_id)) >= 5
    assert read_counter(stack, "telegram_deferred_sends_total") > 0
    assert refused_calls(telegram, chat_id=chat_id) == 0
    assert telegram.calls(method="editMessageText", chat_id=chat_id) == []
    assert len(model.requests()) == 1


def test_nobody_waits_for_the_retry_after_of_others(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    refused = [new_chat_id() for _ in range(THREADS)]
    swept = read_counter(stack, "telegram_swept_chats_total")
    for chat in refused:
        telegram.order_fault(kind="error", method="sendMessage", chat_id=chat, retry_after=3)
        telegram.write(chat, "Подожду")
    wait_until(lambda: all(refused_calls(telegram, chat_id=chat) for chat in refused), what="two refusals")

    telegram.write(chat_id, "А мне?")

    assert telegram.wait_for_answers(chat_id, 1) == [default_answer("А мне?", words=0)]
    assert [telegram.answers(chat) for chat in refused] == [[], []]
    stack.wait_until_settled()
    for chat in refused:
        assert_answered_once(stack, chat, "Подожду")
    assert len(model.requests()) == THREADS + 1
    assert read_counter(stack, "telegram_swept_chats_total") == swept


def test_who_asks_too_fast_is_told_once_and_may_ask_again_later(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    questions = [f"вопрос {number}" for number in range(RATE_LIMIT)]
    answers = [default_answer(question, words=0) for question in questions]

    ask(telegram, stack, chat_id, *questions, "лишний", "совсем лишний", "/ping")

    assert telegram.answers(chat_id) == [*answers, shown(LimitsPhrase.TOO_FAST), "Bot ready"]
    assert len(model.requests()) == RATE_LIMIT
    assert read_counter(stack, 'limited_questions_total{limit="rate"}') == 2

    telegram.press(chat_id, telegram.messages(chat_id)[-1]["message_id"], write_action(RETRY_AREA))
    stack.wait_until_settled()

    assert telegram.callback_answers(chat_id)[-1]["text"] == shown(LimitsPhrase.TOO_FAST)
    assert len(model.requests()) == RATE_LIMIT

    stack.broker().delete(f"limit:questions:{chat_id}")  # a minute later
    ask(telegram, stack, chat_id, "/retry")

    assert telegram.answers(chat_id)[-1] == default_answer("совсем лишний", words=0)


def test_who_has_spent_the_days_tokens_hears_when_there_are_more(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    long = words(BUDGET_TOKENS // 3)
    model.script(*({"kind": "answer", "match": "длинно", "text": f"{long} {part}"} for part in range(3)))

    ask(telegram, stack, chat_id, "длинно", "ещё длинно")
    ask(telegram, stack, chat_id, "лишний", "совсем лишний")

    *_, told = telegram.answers(chat_id)
    zone = shown(LimitsPhrase.MOSCOW_TIME)
    assert told == shown(LimitsPhrase.DAY_SPENT, time="00:00", zone=zone)
    assert len(model.requests()) == 2
    assert read_counter(stack, 'limited_questions_total{limit="budget"}') == 2

    broker = stack.broker()
    broker.delete(*broker.scan_iter(f"limit:*:{chat_id}"))  # Redis has lost everything
    ask(telegram, stack, chat_id, "и после потери лишний")

    assert telegram.answers(chat_id)[-2:] == [told, told]
    assert len(model.requests()) == 2


def test_an_answer_that_waits_for_its_place_survives_its_worker(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    telegram.order_fault(kind="error", method="sendMessage", chat_id=chat_id, retry_after=1)
    telegram.write(chat_id, "Переживёт?")
    update = {"chat_id": str(chat_id), "undelivered": {"$ne": ""}}
    wait_until(lambda: stack.database().inbox_updates.count_documents(update), what="the answer kept")

    stack.worker.kill()
    stack.worker.start()
    stack.wait_until_settled()

    assert_answered_once(stack, chat_id, "Переживёт?")
    assert len(model.requests()) == 1
