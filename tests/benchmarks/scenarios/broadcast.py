"""`broadcast`: how fast one goes out to many people, what it takes, and what those notice who ask meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bson import ObjectId

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Figure, Result, Target, latency_figures, median
from tests.benchmarks.load import offer
from tests.benchmarks.questions import Question, write_for_crowd
from tests.benchmarks.running import Outcome, Plan, note_logs, settle, warmed_stack
from tests.benchmarks.usage import MEGABYTE
from tests.harness.broadcasting import begin, build_person, read

FIRST_CHAT, FIRST_STRANGER = 6_000, 8_000_000
TEXT = "Дом закрыт в среду."
USERS, ROUNDS, QUICK_ROUNDS = 20, 4, 1
PER_SECOND = 5.0
PEOPLE, QUICK_PEOPLE = 10_000, 200
PACED_PEOPLE, QUICK_PACED = 900, 150
TELEGRAMS_RATE = 30
SWEEP = "1"  # seconds; what begins a broadcast here is the sweeper
POLL_S = 0.5
LONGEST_S = 1_800.0
GROWTH = Target(32.0)  # MB, from a tenth of the way to the end
ADDED = Target(100.0)  # ms: three messages at Telegram's pace


@dataclass(frozen=True, slots=True)
class Sent:
    """A broadcast that is over; `early_mb` and `late_mb` are the worker's memory after a tenth and at the end."""

    copies: int
    calls: int
    seconds: float
    early_mb: float
    late_mb: float


def run(plan: Plan) -> Result:
    people, paced = (QUICK_PEOPLE, QUICK_PACED) if plan.is_quick else (PEOPLE, PACED_PEOPLE)
    result = Result(
        "broadcast",
        f"To {people:,} people as fast as it goes; then to {paced} at Telegram's {TELEGRAMS_RATE} messages/s while "
        f"{USERS} of them ask {PER_SECOND:g} questions/s together. The model answers at once.",
    )
    result.figures = _measure_speed(result, people) + _measure_answers(result, paced, plan)
    return result


def _measure_speed(result: Result, people: int) -> list[Figure]:
    with warmed_stack(range(FIRST_CHAT, FIRST_CHAT + 1), SWEEP_INTERVAL_S=SWEEP) as stack:
        add_people(stack, people)
        sent = _follow(stack, begin(stack, TEXT), people)
        note_logs(result, stack)
    return [
        Figure("no limits: copies", sent.copies / sent.seconds, "messages/s"),
        Figure("no limits: calls of sendMessage a copy", sent.calls / sent.copies, "", Target(1.0)),
        Figure("the worker after a tenth", sent.early_mb, "MB"),
        Figure("growth from there to the end", sent.late_mb - sent.early_mb, "MB", GROWTH),
    ]


def _measure_answers(result: Result, people: int, plan: Plan) -> list[Figure]:
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + USERS)
    rounds = QUICK_ROUNDS if plan.is_quick else ROUNDS
    calm_questions = write_for_crowd(chat_ids, rounds, tag="покоя")
    questions = write_for_crowd(chat_ids, rounds, tag="рассылки")
    paced = {"TELEGRAM_RATE_PER_S": str(TELEGRAMS_RATE), "SWEEP_INTERVAL_S": SWEEP}
    with warmed_stack(chat_ids, **paced) as stack:
        calm = _ask(stack, calm_questions)
        add_people(stack, people)
        known = _count_calls(stack)
        broadcast = begin(stack, TEXT)
        _wait_for_calls(stack, known + TELEGRAMS_RATE)
        busy = _ask(stack, questions)
        if read(stack, broadcast)["finished_at"]:
            result.notes.append("the broadcast was over before the questions were")
        sent = _follow(stack, broadcast, people)
        result.accounting = settle(stack, [*calm_questions, *questions]).accounting
        note_logs(result, stack)
    result.accounting.unexpected -= USERS  # a copy for each who asked
    added_ms = (median(busy.added_s) - median(calm.added_s)) * 1_000
    return [
        Figure("Telegram's pace: copies", sent.copies / sent.seconds, "messages/s"),
        *latency_figures("calm: added latency", calm.added_s, {}),
        *latency_figures("during the broadcast: added latency", busy.added_s, {}),
        Figure("more of it in the median", added_ms, "ms", ADDED),
    ]


def add_people(stack: BenchStack, count: int) -> None:
    """Let so many people have access, and have met the bot."""
    chats = range(FIRST_STRANGER, FIRST_STRANGER + count)
    stack.database().people.insert_many(build_person(chat) for chat in chats)
    for chat in chats:
        stack.telegram.block(chat, is_blocked=False)


def _ask(stack: BenchStack, questions: Sequence[Question]) -> Outcome:
    offer(stack.telegram.url, list(questions), per_second=PER_SECOND)
    return settle(stack, questions)


def _follow(stack: BenchStack, broadcast: ObjectId, people: int) -> Sent:
    known, early_mb = _count_calls(stack), 0.0
    deadline = time.monotonic() + LONGEST_S
    while not (found := read(stack, broadcast))["finished_at"]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the broadcast was not over after {LONGEST_S} s")
        if not early_mb and _count_calls(stack) - known >= people // 10:
            early_mb = _measure_worker_mb(stack)
        time.sleep(POLL_S)
    return Sent(
        copies=found["sent"],
        calls=_count_calls(stack) - known,
        seconds=(found["finished_at"] - found["started_at"]).total_seconds(),
        early_mb=early_mb,
        late_mb=_measure_worker_mb(stack),
    )


def _wait_for_calls(stack: BenchStack, count: int) -> None:
    deadline = time.monotonic() + LONGEST_S
    while _count_calls(stack) < count and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _count_calls(stack: BenchStack) -> int:
    methods = stack.telegram.get("stats")["methods"]
    return int(methods["sendMessage"]["total"])


def _measure_worker_mb(stack: BenchStack) -> float:
    return sum(process.memory_info().rss for process in stack.family("worker")) / MEGABYTE
