"""Build the benchmark's dataset: five channels, so many days each, a digest and a review of every day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from digests.dataset.counting import COUNTS_FILE, FEWEST_DIGESTS, count_twice, list_shortfalls, write_counts
from digests.dataset.generator import CHANNELS
from digests.dataset.generator.composing import EPOCH
from digests.dataset.seeding import (
    DATASET,
    DEFAULT_DAYS,
    SeedingTally,
    declare_channels,
    declare_dataset,
    forget_dataset,
    list_channels,
    seed_channels,
)
from digests.domain.calendar import DAY
from digests.domain.reviews import review_digest
from digests.errors import DatasetError
from digests.management.arguments import (
    FAILED,
    INTERRUPTED,
    OFFLINE,
    USAGE,
    read_count,
    read_day,
    read_seed,
)
from digests.management.choosing import ask_alone, find_model
from digests.management.progress import Progress
from digests.models import BenchmarkDataset, Channel
from llm.chain import Chain
from llm.provider_settings import InvalidSetting

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """The dataset that is asked for."""

    last_day: date
    days: int
    seed: int


class Command(BaseCommand):
    help = (
        "Build the benchmark's dataset, or go on with it. Exits with 1 if a channel has too few digests or a day has "
        "failed, with 2 for a call that makes no sense."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=read_count, metavar="N", help=f"default: {DEFAULT_DAYS}")
        parser.add_argument(
            "--until", type=read_day, metavar="YYYY-MM-DD", help="last day; default: yesterday (UTC)"
        )
        parser.add_argument("--seed", type=read_seed, metavar="N", help=f"default: {DEFAULT_SEED}")
        for option, what in (("--model", "writes the digests"), ("--reviewer", "reviews them")):
            parser.add_argument(
                option,
                default=OFFLINE,
                metavar="PROVIDER[:MODEL]",
                help=f"who {what}; default: the rules without a model",
            )
        parser.add_argument(
            "--channel", action="append", default=[], metavar="ID", help="a real channel; may be repeated"
        )
        parser.add_argument("--replace", action="store_true", help="delete the dataset that is there first")
        parser.add_argument("--out", type=Path, metavar="DIR", help=f"where {COUNTS_FILE} goes")

    def handle(self, **options: Any) -> None:
        wanted = self._read_wanted(**options)
        try:
            writer = ask_alone(find_model(options["model"], option="--model"))
            reviewer = ask_alone(find_model(options["reviewer"], option="--reviewer"))
            if options["replace"]:
                forget_dataset()
            tally = self._seed(wanted, writer, reviewer, options["channel"])
            self._count(tally, wanted, options["out"] or settings.DATA_DIR / "benchmark")
        except (DatasetError, InvalidSetting, OSError) as error:
            raise CommandError(str(error), returncode=FAILED) from None
        except (DatabaseError, PyMongoError) as error:
            told = f"The database failed: {type(error).__name__}; the command goes on where it stopped"
            raise CommandError(told, returncode=FAILED) from None
        except KeyboardInterrupt:
            told = "Interrupted; the command goes on where it stopped"
            raise CommandError(told, returncode=INTERRUPTED) from None

    def _read_wanted(self, **options: Any) -> Wanted:
        """Return what is asked for; what is not said is as with the dataset that is there."""
        there = None if options["replace"] else BenchmarkDataset.objects.filter(name=DATASET).first()
        today = datetime.now(UTC).date()
        wanted = Wanted(today - DAY, DEFAULT_DAYS, DEFAULT_SEED)
        if there is not None:
            first, last = date.fromisoformat(there.first_day), date.fromisoformat(there.last_day)
            wanted = Wanted(last, (last - first).days + 1, there.seed)
        wanted = Wanted(
            options["until"] or wanted.last_day,
            options["days"] or wanted.days,
            wanted.seed if options["seed"] is None else options["seed"],
        )
        ensure_possible(wanted, today=today)
        return wanted

    def _seed(
        self, wanted: Wanted, writer: Chain, reviewer: Chain, real_channel_ids: list[str]
    ) -> SeedingTally:
        dataset = declare_dataset(last_day=wanted.last_day, days=wanted.days, seed=wanted.seed)
        channels = _find_channels(real_channel_ids)
        progress = Progress(self.stderr, "days", total=len(channels) * wanted.days)
        try:
            return seed_channels(
                channels,
                dataset,
                chain=writer,
                review=lambda digest: review_digest(digest, chain=reviewer),
                watch=lambda tally: progress.show(tally.done),
            )
        finally:
            progress.end()

    def _count(self, tally: SeedingTally, wanted: Wanted, directory: Path) -> None:
        counts = count_twice()
        path = write_counts(counts, directory)
        for count in counts:
            self.stdout.write(
                f"{count.key}: {count.digests} digests ({count.synthetic_digests} synthetic), {count.posts} posts, "
                f"{count.review_reports} review reports"
            )
        self.stdout.write(f"{tally.written} digests written, {tally.done - tally.written} were there; {path}")
        for day, fault in tally.failed.items():
            self.stderr.write(f"{day}: {fault}")
        fewest = min(FEWEST_DIGESTS, wanted.days)
        faults = [f"{len(tally.failed)} days failed"] if tally.failed else []
        if short := list_shortfalls(counts, fewest=fewest):
            faults.append(f"fewer than {fewest} digests, or reviews: {', '.join(short)}")
        if faults:
            raise CommandError("; ".join(faults), returncode=FAILED)
        if fewest < FEWEST_DIGESTS:
            self.stdout.write(f"A trial: {FEWEST_DIGESTS} days make the dataset")


def ensure_possible(wanted: Wanted, *, today: date) -> None:
    """Raises `CommandError` for days that are not over, or that nobody could make up or keep."""
    first_day = wanted.last_day - (wanted.days - 1) * DAY
    if wanted.last_day >= today:
        raise CommandError(f"--until {wanted.last_day} is not over yet (UTC)", returncode=USAGE)
    if first_day < EPOCH:
        raise CommandError(f"the generator knows no days before {EPOCH}", returncode=USAGE)
    if (today - first_day).days >= settings.POST_TTL_DAYS:
        told = f"{first_day} is so long ago that the database would delete its posts: raise POST_TTL_DAYS"
        raise CommandError(told, returncode=USAGE)


def _find_channels(real_channel_ids: list[str]) -> list[Channel]:
    """Return the five channels; without ids those that the dataset has, real ones among them."""
    there = list(list_channels())
    is_known = not real_channel_ids and len(there) == len(CHANNELS)
    return there if is_known else declare_channels(real_channel_ids)
