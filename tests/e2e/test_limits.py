"""Limits, Butler's own and Telegram's: a flood through a worker of two threads, with a Telegram that refuses one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from botgateway.domain.buttons import write_action
from botgateway.handlers.again import RETRY_AREA
from botgateway.wording.limits import LimitsPhrase
from tests.e2e.test_delivery import words
from tests.e2e.test_tracing import log_lines
from tests.harness.days import find_quiet_zone
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
    "OVERDUE_AFTER_S": "30",  # else the sweeper, too, would wake whoever waits long on a slow machine
    "LLM_TIMEOUT_S": "30",
}
LONG_S = 600  # longer than any machine takes for a test
# Hardly more than Butler is told to keep to.
STRICT = {"enabled": True, "overall_rate": RATE_PER_S, "overall_burst": 5, "chat_rate": 1, "chat_burst": 5}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = SETTINGS | {"TIME_ZONE": find_quiet_zone()}
    with Stack(tmp_path_factory.mktemp("limits"), worker_threads=THREADS, **settings) as stack:
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


def pretend_received(stack: Stack, *chats: int, age: timedelta = timedelta(0)) -> None:
    """Let what is pending in these chats have come in so long ago."""
    theirs = {"chat_id": {"$in": [str(chat) for chat in chats]}, "status": "pending"}
    stack.database().inbox_updates.update_many(theirs, {"$set": {"received_at": datetime.now(UTC) - age}})


def end_refusals(stack: Stack) -> None:
    """Let Telegram take everything again, whatever it has asked Butler to wait for."""
    stack.broker().delete(*stack.broker().scan_iter("pace:*"))


def wait_for_sweep(stack: Stack, chat_id: int) -> None:
    """Leave an update without words in a chat of which no worker was told, and wait until it is found and ignored."""
    inbox, forgotten = stack.database().inbox_updates, {"update_id": chat_id}
    fields = {"kind": "message", "payload": "", "prepared": "", "undelivered": "", "answer_message_ids": []}
    owner = {"chat_id": str(chat_id), "user_id": "", "attempts": 0, "trace_id": "0" * 32}
    received_at = datetime.now(UTC) - timedelta(minutes=1)
    inbox.insert_one({**forgotten, **fields, **owner, "status": "pending", "received_at": received_at})
    wait_until(lambda: inbox.count_documents({**forgotten, "status": "ignored"}), what="a sweep")


def count_delays(stack: Stack, update: dict[str, Any]) -> int:
    """Return how often an answer was put off."""
    lines = [line for line in log_lines(stack.worker) if line["event"] == "answer put off"]
    return sum(line["update_id"] == update["update_id"] for line in lines)


def record_exchanges(stack: Stack, chat_id: int, *, count: int) -> None:
    """Wait until so many exchanges of a person are on record, and name the person in those that name nobody.

    One that is late on its way to the database names nobody, which is right, and spares its person's budget.
    """
    traces = stack.database().inbox_updates.distinct("trace_id", {"chat_id": str(chat_id)})
    exchanges, theirs = stack.database().llm_exchanges, {"trace_id": {"$in": traces}}
    wait_until(lambda: exchanges.count_documents(theirs) == count, what=f"{count} exchanges")
    assert str(chat_id) in exchanges.distinct("user_id", theirs)
    exchanges.update_many({**theirs, "user_id": ""}, {"$set": {"user_id": str(chat_id)}})


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
    stack.wait_until_settled(timeout_s=180)

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
    for chat in refused:
        telegram.order_fault(kind="error", method="sendMessage", chat_id=chat, retry_after=LONG_S)
    updates = [telegram.write(chat, "Подожду") for chat in refused]
    wait_until(lambda: all(count_delays(stack, update) for update in updates), what="two refusals")

    telegram.write(chat_id, "А мне?")

    assert telegram.wait_for_whole_answers(chat_id, 1) == [default_answer("А мне?", words=0)]
    pretend_received(stack, *refused, age=timedelta(hours=1))
    wait_for_sweep(stack, new_chat_id())
    assert [telegram.answers(chat) for chat in refused] == [[], []]
    assert [count_delays(stack, update) for update in updates] == [1, 1]  # the sweeper leaves them alone
    end_refusals(stack)
    stack.wait_until_settled()
    for chat in refused:
        assert_answered_once(stack, chat, "Подожду")
    assert len(model.requests()) == THREADS + 1


def test_who_is_refused_is_answered_when_the_time_comes_and_not_by_the_sweeper(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    swept = read_counter(stack, "telegram_swept_chats_total")
    telegram.order_fault(kind="error", method="sendMessage", chat_id=chat_id, retry_after=1)

    ask(telegram, stack, chat_id, "Подожду")

    assert_answered_once(stack, chat_id, "Подожду")
    assert refused_calls(telegram, chat_id=chat_id) == 1
    assert len(model.requests()) == 1
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
    offset = datetime.now(ZoneInfo(stack.environment["TIME_ZONE"])).isoformat()[-6:]
    zone = shown(LimitsPhrase.OTHER_TIME, offset=f"UTC{offset}")
    assert told == shown(LimitsPhrase.DAY_SPENT, time="00:00", zone=zone)
    assert len(model.requests()) == 2
    assert read_counter(stack, 'limited_questions_total{limit="budget"}') == 2

    record_exchanges(stack, chat_id, count=2)
    broker = stack.broker()
    broker.delete(*broker.scan_iter(f"limit:*:{chat_id}"))  # Redis has lost everything
    ask(telegram, stack, chat_id, "и после потери лишний")

    assert telegram.answers(chat_id)[-2:] == [told, told]
    assert len(model.requests()) == 2


def test_an_answer_that_waits_for_its_place_survives_its_worker(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    telegram.order_fault(kind="error", method="sendMessage", chat_id=chat_id, retry_after=LONG_S)
    telegram.write(chat_id, "Переживёт?")
    update = {"chat_id": str(chat_id), "undelivered": {"$ne": ""}}
    wait_until(lambda: stack.database().inbox_updates.count_documents(update), what="the answer kept")

    stack.worker.kill()
    end_refusals(stack)
    pretend_received(stack, chat_id, age=timedelta(hours=1))
    stack.worker.start()
    stack.wait_until_settled()

    assert_answered_once(stack, chat_id, "Переживёт?")
    assert len(model.requests()) == 1
