"""`digests`: what the digests of a day cost with few channels and with many, and how fast they go to subscribers.

Each channel has 50 posts of yesterday, written by the benchmark's generator, and the rules without a model write the
digests: what is measured is Butler's own work. They are delivered twice, as fast as it goes and at Telegram's pace.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from functools import cache
from pathlib import Path
from typing import Any

from digests.dataset.generator import CHANNELS, generate_day
from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Figure, Result, Table, Target
from tests.benchmarks.running import Plan, note_logs
from tests.benchmarks.scenarios.broadcast import FIRST_STRANGER, add_people
from tests.benchmarks.usage import MEGABYTE, PER_MESSAGES, spent_between, take_moment
from tests.harness.tasks import send_task

WRITE, QUEUE, DELIVER = "digests.write_due_digests", "digests", "botgateway.deliver_digests"
POSTS = 50
SIZES, QUICK_SIZES = (100, 1_000), (4, 8)
WARM_UP = 10
SUBSCRIBERS, QUICK_SUBSCRIBERS = 10_000, 60
PACED, QUICK_PACED = 900, 60
TELEGRAMS_RATE = 30
FIRST_CHANNEL = -1_007_000_000_000
OFFLINE = {"LLM_DEFAULT": "offline", "OFFLINE_CHUNK_DELAY_S": "0.000001"}
# The scenario itself says when digests are written.
CLOCK = {"TIME_ZONE": "UTC", "DIGEST_HOUR": "0", "DIGEST_SWEEP_S": "86400", "SWEEP_INTERVAL_S": "1"}
LOOK_EVERY_S = 0.5
LONGEST_S = 1_800.0
RATIO = Target(1.3)  # of what one digest costs with ten times as many channels
GROWTH = Target(16.0)  # MB, by ten times as many channels
PACE = Target(float(TELEGRAMS_RATE) * 1.02)  # messages/s; the first second may hold a burst
ONCE = Target(1.0)


@dataclass(frozen=True, slots=True)
class Written:
    """The digests of so many channels. `peak_mb` is the worker's greatest resident memory meanwhile."""

    channels: int
    seconds: float
    worker_cpu_s: float
    mongodb_cpu_s: float
    peak_mb: float
    failed: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """Deliveries of one digest to all of its subscribers."""

    people: int
    calls: int
    seconds: float


def run(plan: Plan) -> Result:
    few, many = QUICK_SIZES if plan.is_quick else SIZES
    people, paced = (QUICK_SUBSCRIBERS, QUICK_PACED) if plan.is_quick else (SUBSCRIBERS, PACED)
    result = Result(
        "digests",
        f"A day of {POSTS} posts in {few:,} and in {many:,} channels; then one digest to {people:,} subscribers as "
        f"fast as it goes, and to {paced} at Telegram's {TELEGRAMS_RATE} messages/s.",
    )
    _measure_writing(result, few, many)
    fast = _measure_delivery(result, people)
    slow = _measure_delivery(result, paced, TELEGRAM_RATE_PER_S=str(TELEGRAMS_RATE))
    result.figures += [
        Figure("no limits: digests delivered", fast.people / fast.seconds, "people/s"),
        Figure("no limits: calls of sendMessage a person", fast.calls / fast.people, "", ONCE),
        Figure(
            "Telegram's pace: digests delivered, on average", slow.people / slow.seconds, "people/s", PACE
        ),
        Figure("Telegram's pace: calls of sendMessage a person", slow.calls / slow.people, "", ONCE),
    ]
    return result


def _measure_writing(result: Result, few: int, many: int) -> None:
    with _stack() as stack:
        _write(stack, WARM_UP, first=0)
        runs = [_write(stack, few, first=10_000), _write(stack, many, first=20_000)]
        note_logs(result, stack)
    small, large = runs
    result.figures = [
        Figure("digests written", large.channels / large.seconds, "digests/s"),
        Figure("worker CPU of a digest, many to few", _cpu_of_one(large) / _cpu_of_one(small), "", RATIO),
        Figure(
            "time of a digest, many to few",
            (large.seconds / large.channels) / (small.seconds / small.channels),
            "",
            RATIO,
        ),
        Figure("worker's memory that more channels take", large.peak_mb - small.peak_mb, "MB", GROWTH),
    ]
    headings = ("channels", "run s", "worker CPU-s/1,000", "db CPU-s/1,000", "worker MB")
    rows = [
        (
            f"{one.channels}",
            one.seconds,
            _cpu_of_one(one) * PER_MESSAGES,
            one.mongodb_cpu_s / one.channels * PER_MESSAGES,
            one.peak_mb,
        )
        for one in runs
    ]
    result.tables.append(Table("Writing", headings, list(rows)))
    if failed := sum(one.failed for one in runs):
        result.failure = f"{failed} digests could not be written"


def _write(stack: BenchStack, channels: int, *, first: int) -> Written:
    """Have the day of so many new channels written, and the channels switched off again."""
    database = stack.database()
    ids = [str(FIRST_CHANNEL - first - number) for number in range(channels)]
    _add_channels(stack, ids)
    before, started = take_moment(stack), time.monotonic()
    send_task(stack, WRITE, queue=QUEUE)
    digests, peak = database.digests, 0.0
    mine = {"channel_id": {"$lte": max(ids), "$gte": min(ids)}}
    while digests.count_documents(mine) < channels:
        _ensure_time(started, f"{channels} channels were not written")
        peak = max(peak, _measure_worker_mb(stack))
        time.sleep(LOOK_EVERY_S)
    seconds = time.monotonic() - started
    spent = spent_between(before, take_moment(stack))
    database.channels.update_many({"channel_id": {"$in": ids}}, {"$set": {"state": "off"}})
    return Written(
        channels=channels,
        seconds=seconds,
        worker_cpu_s=spent.by_part["worker"],
        mongodb_cpu_s=spent.by_part["mongodb"],
        peak_mb=peak,
        failed=digests.count_documents(mine | {"status": {"$ne": "written"}}),
    )


def _measure_delivery(result: Result, people: int, **settings: str) -> Delivered:
    """Let a digest that everybody is subscribed to go out, and wait until all have it."""
    channel_id = str(FIRST_CHANNEL)
    with _stack(**settings) as stack:
        add_people(stack, people)
        stack.database().subscriptions.insert_many(
            build_subscription(FIRST_STRANGER + number, channel_id) for number in range(people)
        )
        _write_one(stack, channel_id)
        send_task(stack, DELIVER)
        started = time.monotonic()
        while not (calls := _count_calls(stack)):
            _ensure_time(started, "nothing was delivered")
            time.sleep(LOOK_EVERY_S)
        began, known = time.monotonic(), calls
        while (calls := _count_calls(stack)) < people:
            _ensure_time(started, f"{calls} of {people} have the digest")
            time.sleep(LOOK_EVERY_S)
        seconds = time.monotonic() - began
        stack.wait_until_quiet(timeout_s=LONGEST_S)
        note_logs(result, stack)
        return Delivered(people - known, _count_calls(stack) - known, seconds)


def _write_one(stack: BenchStack, channel_id: str) -> None:
    _add_channels(stack, [channel_id])
    send_task(stack, WRITE, queue=QUEUE)
    started = time.monotonic()
    while not stack.database().digests.count_documents({"status": "written"}):
        _ensure_time(started, "the digest was not written")
        time.sleep(LOOK_EVERY_S)


def build_channel(channel_id: str) -> dict[str, Any]:
    """Return the record of a channel that is read since yesterday, so that no other day is due."""
    noon = datetime.combine(_yesterday(), time_of_day(12), UTC)
    return {
        "channel_id": channel_id,
        "title": f"Канал {channel_id}",
        "username": "",
        "time_zone": "UTC",
        "state": "on",
        "switched_at": noon,
        "switched_by": "benchmark",
        "added_at": None,
        "left_at": None,
        "state_before": "",
        "untold": "",
        "key": "",
        "created_at": noon,
        "updated_at": noon,
    }


def build_posts(channel_id: str, kind: int) -> Iterator[dict[str, Any]]:
    midnight = datetime.combine(_yesterday(), time_of_day(), UTC)
    for number, text in enumerate(texts_of(kind), start=1):
        yield {
            "channel_id": channel_id,
            "message_id": number,
            "posted_at": midnight + timedelta(minutes=20 * number),
            "edited_at": None,
            "text": text,
            "author": "",
            "forwarded_from": "",
            "media_group_id": "",
            "has_media": False,
            "source": "telegram",
        }


def build_subscription(chat_id: int, channel_id: str) -> dict[str, Any]:
    return {
        "user_id": str(chat_id),
        "channel_id": channel_id,
        "hour": 0,
        "time_zone": "UTC",
        "delivered_day": "",
        "created_at": datetime.now(UTC),
    }


@cache
def texts_of(kind: int) -> tuple[str, ...]:
    """Return 50 posts of one of the generator's channels, from as many days as that takes."""
    profile = CHANNELS[kind % len(CHANNELS)]
    texts: list[str] = []
    day = date(2024, 1, 1)
    while len(texts) < POSTS:
        texts += [post.text for post in generate_day(profile, day, seed=kind).posts]
        day += timedelta(days=1)
    return tuple(texts[:POSTS])


def _add_channels(stack: BenchStack, ids: list[str]) -> None:
    database = stack.database()
    for kind, channel_id in enumerate(ids):
        database.channel_posts.insert_many(build_posts(channel_id, kind % (2 * len(CHANNELS))))
    database.channels.insert_many(map(build_channel, ids))


@contextmanager
def _stack(**settings: str) -> Iterator[BenchStack]:
    with (
        tempfile.TemporaryDirectory(prefix="butler-bench-") as directory,
        BenchStack(Path(directory), **(OFFLINE | CLOCK | settings)) as stack,
    ):
        yield stack


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


def _cpu_of_one(written: Written) -> float:
    return written.worker_cpu_s / written.channels


def _count_calls(stack: BenchStack) -> int:
    methods = stack.telegram.get("stats")["methods"]
    return int(methods["sendMessage"]["total"]) if "sendMessage" in methods else 0


def _measure_worker_mb(stack: BenchStack) -> float:
    return sum(process.memory_info().rss for process in stack.family("worker")) / MEGABYTE


def _ensure_time(started: float, what: str) -> None:
    if time.monotonic() - started > LONGEST_S:
        raise TimeoutError(what)
