"""`crowd`: whether other people's memories in the database slow anybody down."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Figure, Result, latency_figures, median
from tests.benchmarks.load import offer
from tests.benchmarks.questions import Question, write_for_crowd
from tests.benchmarks.running import Plan, note_logs, settle, warmed_stack

FIRST_CHAT, FIRST_STRANGER = 4_000, 9_000_000
USERS, ROUNDS = 20, 4
EVENTS, EVENTS_EACH, BATCH = 100_000, 50, 1_000
QUICK_EVENTS, QUICK_ROUNDS = 2_000, 1
PER_SECOND = 5.0
OLDEST = timedelta(days=60)  # younger than the collection's TTL


def run(plan: Plan) -> Result:
    events, rounds = (QUICK_EVENTS, QUICK_ROUNDS) if plan.is_quick else (EVENTS, ROUNDS)
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + USERS)
    result = Result(
        "crowd",
        f"{PER_SECOND:g} messages/s without and with {events:,} memory events of other people; "
        "the model answers at once.",
    )
    with warmed_stack(chat_ids) as stack:
        alone_questions = write_for_crowd(chat_ids, rounds, tag="тишины")
        alone = settle(stack, _offer(stack, alone_questions))
        insert_strangers(stack, events)
        crowd_questions = write_for_crowd(chat_ids, rounds, tag="толпы")
        crowd = settle(stack, _offer(stack, crowd_questions))
        result.accounting = settle(stack, [*alone_questions, *crowd_questions]).accounting
        note_logs(result, stack)
    ratio = median(crowd.added_s) / median(alone.added_s)
    result.figures = [
        Figure("median added latency, crowd to alone", ratio, "×"),
        *latency_figures("alone: added latency", alone.added_s, {}),
        *latency_figures("crowd: added latency", crowd.added_s, {}),
    ]
    return result


def _offer(stack: BenchStack, questions: list[Question]) -> list[Question]:
    offer(stack.telegram.url, questions, per_second=PER_SECOND)
    return questions


def insert_strangers(stack: BenchStack, count: int) -> None:
    """Insert events of the shape that the product stores, each person's at times of their own."""
    memory = stack.database().user_memory
    pattern = memory.find_one()
    if pattern is None:
        raise RuntimeError("the product has stored nothing to take the shape from")
    began_at = datetime.now(UTC) - OLDEST
    for start in range(0, count, BATCH):
        memory.insert_many(
            [_vary(pattern, number, began_at) for number in range(start, min(start + BATCH, count))],
            ordered=False,
        )


def _vary(pattern: dict[str, Any], number: int, began_at: datetime) -> dict[str, Any]:
    return {
        **pattern,
        "_id": ObjectId(),
        "event_id": uuid.uuid4().hex,  # as Django's backend stores it
        "user_id": str(FIRST_STRANGER + number // EVENTS_EACH),
        "created_at": began_at + timedelta(seconds=number),
    }
