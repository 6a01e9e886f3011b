"""`long_days`: what the digest of a day takes that has to be read in parts, and how much of the parts is left of it.

Days of 100, 300 and 1,000 posts by the benchmark's generator, and one that holds as much as a digest reads of a day.
The rules without a model write the digests: what is measured is Butler's own work, and what a model would be asked.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from digests.domain.records import posts_from_json, statements_from_json
from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.channel_records import FIRST_CHANNEL, build_channel, build_post
from tests.benchmarks.figures import Cell, Figure, Result, Table, Target
from tests.benchmarks.long_day import PROMPT_TOKENS, Left, LongDay, Size, build_day, judge
from tests.benchmarks.running import Plan, note_logs
from tests.benchmarks.scenarios.digests import CLOCK, OFFLINE, QUEUE, WRITE
from tests.benchmarks.usage import peak_megabytes, spent_between, take_moment
from tests.harness.processes import wait_until
from tests.harness.tasks import send_task

ONE_LANE = {"DIGEST_CONCURRENCY": "1", "PROMPT_BUDGET_TOKENS": str(PROMPT_TOKENS)}
REPEATED = 10  # days of each size, one after the other: a single one is over too soon to be timed
LONGEST_S = 600.0
SIZES = (Size(100), Size(300), Size(1_000), Size(1_000, stories=3))  # the last is beyond DAY_MAX_CHARS
QUICK_SIZES = (Size(60), Size(150))
LINEAR = Target(1.3)  # of what a character costs in a day ten times as long
ALL = Target(1.0, is_minimum=True)


@dataclass(frozen=True, slots=True)
class Written:
    """The digests of `REPEATED` days of one size; sums, but for `worker_mb`, the worker's greatest memory so far."""

    size: Size
    seconds: float
    worker_cpu_s: float
    worker_mb: float
    chars: int
    originals: int
    calls: int
    tokens_in: int
    tokens_out: int
    left: Left


def run(plan: Plan) -> Result:
    sizes = QUICK_SIZES if plan.is_quick else SIZES
    result = Result(
        "long_days",
        f"Days of {', '.join(map(str, sizes))} posts, {REPEATED} of each, by the rules without a model. What is longer "
        f"than {PROMPT_TOKENS:,} tokens is asked for in parts, and these are merged. Figures are of one digest.",
    )
    with (
        tempfile.TemporaryDirectory(prefix="butler-bench-") as directory,
        BenchStack(Path(directory), **(OFFLINE | CLOCK | ONE_LANE)) as stack,
    ):
        _write(stack, sizes[0], at=0)  # a worker's first digest loads what the others find there
        before_mb = peak_megabytes(stack)["worker"]
        written = [_write(stack, size, at=place) for place, size in enumerate(sizes, start=1)]
        note_logs(result, stack)
    result.figures = list(_list_figures(written, before_mb))
    result.tables = [_show_work(written), _show_left(written)]
    return result


def _list_figures(written: Sequence[Written], before_mb: float) -> Iterator[Figure]:
    short, *_, long = written
    size = f"{long.size} posts to {short.size}"
    yield Figure(
        f"worker CPU of a character, {size}",
        _each(long, "worker_cpu_s") / _each(short, "worker_cpu_s"),
        "",
        LINEAR,
    )
    yield Figure(f"time of a character, {size}", _each(long, "seconds") / _each(short, "seconds"), "", LINEAR)
    yield Figure(
        f"tokens asked a character, {size}", _each(long, "tokens_in") / _each(short, "tokens_in"), "", LINEAR
    )
    yield Figure("worker's memory that long days take", long.worker_mb - before_mb, "MB")
    statements = sum(one.left.statements for one in written)
    yield Figure(
        "statements linked to posts of the day", sum(one.left.linked for one in written) / statements, "", ALL
    )
    yield Figure("statements of the later half of a day", long.left.late / long.left.statements)
    yield Figure("parts spoken of, of those that could be", long.left.spoken_of / long.left.could_be)


def _show_work(written: Sequence[Written]) -> Table:
    headings = (
        "posts",
        "characters",
        "own posts",
        "parts",
        "calls",
        "tokens in",
        "out",
        "s",
        "worker CPU-s",
        "worker MB",
    )
    rows: list[tuple[Cell, ...]] = [
        (
            str(one.size),
            *(
                value / REPEATED
                for value in (
                    one.chars,
                    one.originals,
                    one.left.parts,
                    one.calls,
                    one.tokens_in,
                    one.tokens_out,
                    one.seconds,
                    one.worker_cpu_s,
                )
            ),
            one.worker_mb,
        )
        for one in written
    ]
    return Table("A digest's work", headings, rows)


def _show_left(written: Sequence[Written]) -> Table:
    headings = (
        "posts",
        "parts",
        "statements",
        "linked",
        "later half",
        "parts spoken of",
        "at most",
        "facts parts tell",
        "kept",
    )
    names = ("parts", "statements", "linked", "late", "spoken_of", "could_be", "told", "kept")
    rows: list[tuple[Cell, ...]] = [
        (str(one.size), *(float(getattr(one.left, name)) / REPEATED for name in names)) for one in written
    ]
    return Table("What merging leaves", headings, rows)


def _each(written: Written, name: str) -> float:
    return float(getattr(written, name)) / written.chars


def _write(stack: BenchStack, size: Size, *, at: int) -> Written:
    """Have the digests of days of a size written, and their channels switched off again."""
    ids = [str(FIRST_CHANNEL - REPEATED * at - number) for number in range(REPEATED)]
    days = {channel_id: build_day(size, seed) for seed, channel_id in enumerate(ids, start=1)}
    database = stack.database()
    for channel_id, day in days.items():
        database.channel_posts.insert_many(_build_posts(channel_id, day))
    database.channels.insert_many(map(build_channel, ids))
    mine = {"channel_id": {"$in": ids}}
    before, started = take_moment(stack), time.monotonic()
    send_task(stack, WRITE, queue=QUEUE)
    wait_until(
        lambda: database.digests.count_documents(mine) == REPEATED, timeout_s=LONGEST_S, what="the digests"
    )
    seconds = time.monotonic() - started
    spent = spent_between(before, take_moment(stack))
    database.channels.update_many({"channel_id": {"$in": ids}}, {"$set": {"state": "off"}})
    digests = list(database.digests.find(mine | {"status": "written"}))
    if len(digests) < REPEATED:
        raise RuntimeError(f"{REPEATED - len(digests)} days of {size} posts could not be written")
    posts = [post for digest in digests for post in posts_from_json(digest["raw_posts"])]
    return Written(
        size=size,
        seconds=seconds,
        worker_cpu_s=spent.by_part["worker"],
        worker_mb=peak_megabytes(stack)["worker"],
        chars=sum(len(post.text) for post in posts),
        originals=sum(not post.is_ad and post.repeats is None for post in posts),
        calls=_count_calls(stack, digests),
        tokens_in=sum(digest["prompt_tokens"] for digest in digests),
        tokens_out=sum(digest["completion_tokens"] for digest in digests),
        left=_add_up([_judge(days[digest["channel_id"]], digest) for digest in digests]),
    )


def _count_calls(stack: BenchStack, digests: Sequence[dict[str, Any]]) -> int:
    """Count the calls that are on record, once they have the digests' tokens: records follow a moment later."""
    exchanges = stack.database().llm_exchanges
    theirs = {"trace_id": {"$in": [digest["trace_id"] for digest in digests]}}
    tokens = sum(digest["prompt_tokens"] for digest in digests)
    wait_until(
        lambda: sum(one["prompt_tokens"] for one in exchanges.find(theirs)) == tokens, what="records of calls"
    )
    return exchanges.count_documents(theirs)


def _judge(day: LongDay, digest: dict[str, Any]) -> Left:
    posts, statements = posts_from_json(digest["raw_posts"]), statements_from_json(digest["statements"])
    return judge(day, posts, statements, parts=digest["part_count"])


def _add_up(left: Sequence[Left]) -> Left:
    return Left(**{name: sum(getattr(one, name) for one in left) for name in asdict(left[0])})


def _build_posts(channel_id: str, day: LongDay) -> Iterator[dict[str, Any]]:
    """Yield the records of posts that are spread over yesterday."""
    midnight = datetime.combine(datetime.now(UTC).date() - timedelta(days=1), time_of_day(), UTC)
    for number, text in enumerate(day.texts, start=1):
        posted_at = midnight + timedelta(days=1) * (number - 1) / len(day.texts)
        yield build_post(channel_id, number, text, posted_at=posted_at)
