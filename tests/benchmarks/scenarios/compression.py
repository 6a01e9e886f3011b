"""`compression`: a nightly run over 1,000 people and over 20,000: how many a second, and what the worker needs for it.

Memories are small here (MEMORY_CAP of 4, 5 events each), so that filling the database takes seconds and not an hour;
what a run does for a person is the same: some eight statements and one question to the model.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import ObjectId

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Figure, Result, Table, Target
from tests.benchmarks.running import Plan, note_logs
from tests.benchmarks.usage import MEGABYTE, PER_MESSAGES, spent_between, take_moment
from tests.harness.tasks import send_task

TASK = "personalization.compress_memories"
WARM_UP = 200
SIZES, QUICK_SIZES = (1_000, 20_000), (20, 40)
CAP, KEEP_LAST = 4, 2
INSERTED_AT_A_TIME = 5_000
CONTENT = "Сегодня я снова пил чай с мёдом и думал о поездке в Тверь. " * 3
LOOK_EVERY_S = 0.5
RUN_TIMEOUT_S = 3_600.0
GROWTH = Target(10)  # MB; what twenty times as many people may add to a process of some hundred


@dataclass(frozen=True, slots=True)
class Run:
    """One run as its record has it; `peak_megabytes` is the worker's greatest resident memory while it lasted."""

    people: int
    fill_s: float
    seconds: float
    processed: int
    failed: int
    outcome: str
    peak_megabytes: float
    worker_cpu_s: float
    mongodb_cpu_s: float


def run(plan: Plan) -> Result:
    sizes = QUICK_SIZES if plan.is_quick else SIZES
    result = Result(
        "compression", f"Nightly runs over {sizes[0]:,} and {sizes[1]:,} people, one after the other."
    )
    settings = {"MEMORY_CAP": str(CAP), "MEMORY_KEEP_LAST": str(KEEP_LAST)}
    with (
        tempfile.TemporaryDirectory(prefix="butler-bench-") as directory,
        BenchStack(Path(directory), **settings) as stack,
    ):
        measure_run(stack, min(WARM_UP, sizes[0]), first=0)
        few = measure_run(stack, sizes[0], first=100_000)
        many = measure_run(stack, sizes[1], first=200_000)
        note_logs(result, stack)
    report(result, few, many)
    return result


def report(result: Result, few: Run, many: Run) -> None:
    result.figures = [
        Figure("people compressed", many.processed / many.seconds, "people/s"),
        Figure(
            "worker's memory that more people take", many.peak_megabytes - few.peak_megabytes, "MB", GROWTH
        ),
    ]
    headings = (
        "people",
        "filled in s",
        "run s",
        "people/s",
        "worker MB",
        "worker CPU-s/1,000",
        "db CPU-s/1,000",
    )
    rows = [
        (
            f"{run.people}",
            run.fill_s,
            run.seconds,
            run.processed / run.seconds,
            run.peak_megabytes,
            run.worker_cpu_s / run.processed * PER_MESSAGES,
            run.mongodb_cpu_s / run.processed * PER_MESSAGES,
        )
        for run in (few, many)
    ]
    result.tables.append(Table("Runs", headings, list(rows)))
    for run in (few, many):
        if (run.outcome, run.processed, run.failed) != ("ok", run.people, 0):
            result.failure = (
                f"over {run.people}: {run.outcome}, {run.processed} processed, {run.failed} failed"
            )


def measure_run(stack: BenchStack, people: int, *, first: int) -> Run:
    """Fill the database with so many people over their cap, and have the worker compress them."""
    started = time.monotonic()
    fill(stack, people, first=first)
    fill_s = time.monotonic() - started
    runs = stack.database().compression_runs
    earlier = runs.count_documents({})
    before = take_moment(stack)
    send_task(stack, TASK)
    peak = 0.0
    while runs.count_documents({"outcome": {"$ne": ""}}) == earlier:
        if time.monotonic() - started > RUN_TIMEOUT_S:
            raise TimeoutError(f"a run over {people} people did not end")
        peak = max(peak, sum(process.memory_info().rss for process in stack.family("worker")) / MEGABYTE)
        time.sleep(LOOK_EVERY_S)
    spent = spent_between(before, take_moment(stack))
    (record,) = runs.find().sort("started_at", -1).limit(1)
    return Run(
        people=people,
        fill_s=fill_s,
        seconds=(record["finished_at"] - record["started_at"]).total_seconds(),
        processed=record["processed"],
        failed=record["failed"],
        outcome=record["outcome"],
        peak_megabytes=peak,
        worker_cpu_s=spent.by_part["worker"],
        mongodb_cpu_s=spent.by_part["mongodb"],
    )


def fill(stack: BenchStack, people: int, *, first: int) -> None:
    database = stack.database()
    per_batch = INSERTED_AT_A_TIME // (CAP + 1)
    for start in range(first, first + people, per_batch):
        user_ids = [f"{number:08}" for number in range(start, min(start + per_batch, first + people))]
        database.user_profiles.insert_many([build_profile(user_id) for user_id in user_ids], ordered=False)
        events = [event for user_id in user_ids for event in build_events(user_id)]
        database.user_memory.insert_many(events, ordered=False)


def build_profile(user_id: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "user_id": user_id,
        "language": "ru",
        "persona": "Alfred-style дворецкий",
        "tone": "witty",
        "model": "",
        "has_files": False,
        "preferred_topics": [],
        "memory_summary": None,
        "is_summary_extractive": False,
        "summarized_until_at": None,
        "summarized_until_id": None,
        "created_at": now,
        "updated_at": now.replace(microsecond=now.microsecond // 1000 * 1000),
    }


def build_events(user_id: str) -> Iterator[dict[str, Any]]:
    begins_at = datetime.now(UTC) - timedelta(hours=1)
    for number in range(CAP + 1):
        yield {
            "event_id": f"{ObjectId()}{number:08}",
            "user_id": user_id,
            "role": ("user", "assistant")[number % 2],
            "content": CONTENT,
            "created_at": begins_at + timedelta(seconds=number),
            "tags": [],
            "source": "text",
        }
