"""`digests`: what the digests of a day cost with few channels and with many, and how fast they go to subscribers.

Each channel has 50 posts of yesterday, written by the benchmark's generator, and the rules without a model write the
digests: what is measured is Butler's own work. They are delivered twice, as fast as it goes and at Telegram's pace. The
second time the stand-in refuses what Telegram's documented limits would, without the bursts that Telegram forgives.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from digests.dataset.generator import CHANNELS
from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.channel_records import (
    FIRST_CHANNEL,
    POSTS,
    build_channel,
    build_posts,
    build_subscription,
)
from tests.benchmarks.figures import Accounting, Figure, Result, Table, Target
from tests.benchmarks.received import ACCEPTED, Received, take_account
from tests.benchmarks.running import Plan, note_logs
from tests.benchmarks.scenarios.broadcast import FIRST_STRANGER, add_people
from tests.benchmarks.usage import MEGABYTE, PER_MESSAGES, spent_between, take_moment
from tests.harness.tasks import send_task

WRITE, QUEUE, DELIVER = "digests.write_due_digests", "digests", "botgateway.deliver_digests"
SIZES, QUICK_SIZES = (100, 1_000), (4, 8)
WARM_UP = 10
SUBSCRIBERS, QUICK_SUBSCRIBERS = 10_000, 60
PACED, QUICK_PACED = 3_600, 60  # two and a half minutes' worth
TELEGRAMS_RATE = 30
# At most so many calls within any second, wherever it begins, and one in a chat (core.telegram.org/bots/faq).
STRICT = {
    "enabled": True,
    "overall_rate": TELEGRAMS_RATE,
    "overall_burst": TELEGRAMS_RATE,
    "overall_peak": TELEGRAMS_RATE,
    "chat_rate": 1,
    "chat_burst": 1,
}
OFFLINE = {"LLM_DEFAULT": "offline", "OFFLINE_CHUNK_DELAY_S": "0.000001"}
# The scenario itself says when digests are written.
CLOCK = {"TIME_ZONE": "UTC", "DIGEST_HOUR": "0", "DIGEST_SWEEP_S": "86400", "SWEEP_INTERVAL_S": "1"}
LOOK_EVERY_S = 0.5
LONGEST_S = 1_800.0
STALLED_S = 120.0  # whoever has nothing when so long nothing was sent has lost it
LATE_COPIES_S = 3.0  # after another round of deliveries, which may find nothing to do
RATIO = Target(1.3)  # of what one digest costs with ten times as many channels
GROWTH = Target(16.0)  # MB, by ten times as many channels
PEAK = Target(float(TELEGRAMS_RATE))  # calls within any second
ONCE, NONE = Target(1.0), Target(0.0)


@dataclass(frozen=True, slots=True)
class Written:
    """The digests of so many channels. `peak_mb` is the worker's greatest resident memory meanwhile."""

    channels: int
    seconds: float
    worker_cpu_s: float
    mongodb_cpu_s: float
    peak_mb: float
    failed: int


def run(plan: Plan) -> Result:
    result = Result("digests", "", accounting=Accounting())
    few, many = QUICK_SIZES if plan.is_quick else SIZES
    people, paced = (QUICK_SUBSCRIBERS, QUICK_PACED) if plan.is_quick else (SUBSCRIBERS, PACED)
    paced = plan.subscribers or paced
    at_pace = f"one digest to {paced:,} subscribers at Telegram's {TELEGRAMS_RATE} messages/s, enforced."
    if plan.subscribers:
        result.summary = at_pace[0].upper() + at_pace[1:]
    else:
        result.summary = (
            f"A day of {POSTS} posts in {few:,} and in {many:,} channels; then one digest to {people:,} subscribers "
            f"as fast as it goes; then {at_pace}"
        )
        _measure_writing(result, few, many)
        result.figures += _describe("no limits", _measure_delivery(result, people))
    slow = _measure_delivery(result, paced, limits=STRICT, TELEGRAM_RATE_PER_S=str(TELEGRAMS_RATE))
    result.figures += [
        *_describe("Telegram's pace", slow),
        Figure("Telegram's pace: most calls in a second", slow.peak, "calls", PEAK),
        Figure("Telegram's pace: the same in one chat", slow.chat_peak, "calls", ONCE),
        Figure("Telegram's pace: refused with 429", slow.refused, "calls", NONE),
    ]
    return result


def _describe(name: str, received: Received) -> list[Figure]:
    return [
        Figure(f"{name}: digests delivered", received.per_second, "people/s"),
        Figure(f"{name}: calls for a delivery", received.calls / max(1, received.delivered), "", ONCE),
        Figure(f"{name}: people who got it twice", received.doubled, "people", NONE),
        Figure(f"{name}: people without it", received.lost, "people", NONE),
    ]


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


def _measure_delivery(
    result: Result, people: int, *, limits: dict[str, float] | None = None, **settings: str
) -> Received:
    """Let a digest that everybody is subscribed to go out, and wait until all have it, or nobody gets it any more."""
    channel_id, chats = str(FIRST_CHANNEL), range(FIRST_STRANGER, FIRST_STRANGER + people)
    with _stack(**settings) as stack:
        add_people(stack, people)
        stack.database().subscriptions.insert_many(build_subscription(chat, channel_id) for chat in chats)
        _write_one(stack, channel_id)
        if limits:
            stack.telegram.post("limits", limits)
        send_task(stack, DELIVER)
        _wait_for_copies(stack, people)
        send_task(stack, DELIVER)
        time.sleep(LATE_COPIES_S)
        received = take_account(stack.telegram.calls(), chats)
        note_logs(result, stack)
    _add_up(result, received, people)
    return received


def _wait_for_copies(stack: BenchStack, people: int) -> None:
    known, moved_at = 0, time.monotonic()
    while known < people and time.monotonic() - moved_at < STALLED_S:
        time.sleep(LOOK_EVERY_S)
        if (copies := _count_copies(stack)) > known:
            known, moved_at = copies, time.monotonic()


def _add_up(result: Result, received: Received, people: int) -> None:
    if (account := result.accounting) is not None:
        account.asked += people
        account.answered += received.delivered
        account.lost += received.lost
        account.doubled += received.doubled


def _write_one(stack: BenchStack, channel_id: str) -> None:
    _add_channels(stack, [channel_id])
    send_task(stack, WRITE, queue=QUEUE)
    started = time.monotonic()
    while not stack.database().digests.count_documents({"status": "written"}):
        _ensure_time(started, "the digest was not written")
        time.sleep(LOOK_EVERY_S)


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


def _cpu_of_one(written: Written) -> float:
    return written.worker_cpu_s / written.channels


def _count_copies(stack: BenchStack) -> int:
    methods = stack.telegram.get("stats")["methods"]
    return int(methods.get("sendMessage", {}).get("by_status", {}).get(str(ACCEPTED), 0))


def _measure_worker_mb(stack: BenchStack) -> float:
    return sum(process.memory_info().rss for process in stack.family("worker")) / MEGABYTE


def _ensure_time(started: float, what: str) -> None:
    if time.monotonic() - started > LONGEST_S:
        raise TimeoutError(what)
