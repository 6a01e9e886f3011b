"""Have a model write the dataset's digests and report how good they are and how long they took; compare reports."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from digests.benchmark.comparison import Verdict
from digests.benchmark.journal import Journal
from digests.benchmark.output import save_comparison, save_report
from digests.benchmark.report import Price, Report
from digests.benchmark.report_json import scores_checksum
from digests.benchmark.scenario import SCENARIO, Selection
from digests.errors import DatasetError
from digests.management.arguments import FAILED, INTERRUPTED, OFFLINE, USAGE, read_count, read_seed
from digests.management.benchmarking import (
    Checklist,
    Prepared,
    Wish,
    find_finished,
    prepare,
    run_benchmark,
)
from digests.management.progress import Progress

MOST_AT_A_TIME = 32


class Command(BaseCommand):
    help = (
        "Run a benchmark of digests, or compare two reports. Exits with 1 if something is missing or no sample got a "
        "digest, with 2 for a call that makes no sense."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--scenario", choices=[SCENARIO])
        what.add_argument(
            "--compare",
            nargs=2,
            type=Path,
            metavar=("A", "B"),
            help="directories of two reports; B against A",
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything and ask nobody")
        for option, what_for in (
            ("--model", "writes (default: the rules without a model)"),
            ("--reviewer", "judges"),
        ):
            parser.add_argument(option, default="", metavar="PROVIDER[:MODEL]", help=f"who {what_for}")
        parser.add_argument("--channels", type=read_count, metavar="N", help="the first N of the dataset")
        parser.add_argument("--days", type=read_count, metavar="N", help="its last N")
        parser.add_argument("--samples", type=read_count, metavar="N", help="N of them, drawn by the seed")
        parser.add_argument("--seed", type=read_seed, metavar="N", help="the dataset has to be of this one")
        parser.add_argument(
            "--concurrency", type=_read_concurrency, default=1, metavar="N", help="so many at a time"
        )
        parser.add_argument("--price-in", type=_read_price, metavar="X", help="of a million tokens asked")
        parser.add_argument("--price-out", type=_read_price, metavar="Y", help="of a million tokens answered")
        parser.add_argument("--currency", default="USD", metavar="CODE")
        parser.add_argument("--out", type=Path, metavar="DIR", help="where the report goes")
        parser.add_argument("--resume", action="store_true", help="go on with what was interrupted in --out")

    def handle(self, *, compare: list[Path] | None = None, **options: Any) -> None:
        try:
            if compare:
                self._compare(compare[0], compare[1], options["out"])
            else:
                self._run(_read_wish(**options), **options)
        except (DatasetError, OSError) as error:
            raise CommandError(str(error), returncode=FAILED) from None
        except (DatabaseError, PyMongoError) as error:
            raise CommandError(f"The database failed: {type(error).__name__}", returncode=FAILED) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; --resume goes on from here", returncode=INTERRUPTED) from None

    def _run(self, wish: Wish, *, dry_run: bool, resume: bool, **_: Any) -> None:
        checklist = Checklist(self.stdout)
        prepared = prepare(wish, checklist)
        if prepared is None:
            raise CommandError(f"Not ready: {', '.join(checklist.failed)}", returncode=FAILED)
        if dry_run:
            self.stdout.write("Ready")
            return
        report = self._ask(prepared, wish, is_resumed=resume)
        path = save_report(report, wish.directory)
        self._tell(report, path)

    def _ask(self, prepared: Prepared, wish: Wish, *, is_resumed: bool) -> Report:
        journal = Journal(wish.directory, prepared.run)
        finished = find_finished(journal, wish.directory, is_resumed=is_resumed)
        total = len(prepared.scenario.samples)
        progress = Progress(self.stderr, "samples", total=total)
        done = len(finished)

        def watch(_: object) -> None:
            nonlocal done
            done += 1
            progress.show(done)

        try:
            return run_benchmark(prepared, wish, journal, finished, watch=watch)
        finally:
            progress.end()

    def _tell(self, report: Report, path: Path) -> None:
        failed = sum(report.failures.values())
        self.stdout.write(f"{len(report.samples)} samples, {failed} of them without a digest")
        self.stdout.write(f"report: {path}")
        self.stdout.write(f"scores: SHA-256 {scores_checksum(report)}")
        if failed == len(report.samples):
            reasons = ", ".join(report.failures)
            raise CommandError(f"There is no digest to score: {reasons}", returncode=FAILED)

    def _compare(self, first: Path, second: Path, out: Path | None) -> None:
        comparison, path = save_comparison(first, second, out or second)
        told = dict.fromkeys(Verdict, 0)
        for compared in comparison.metrics.values():
            told[compared.verdict] += 1
        counted = ", ".join(f"{count} {verdict}" for verdict, count in told.items() if count)
        self.stdout.write(f"{comparison.pairs} pairs; metrics: {counted}")
        self.stdout.write(f"comparison: {path}")


def _read_wish(**options: Any) -> Wish:
    prices = (options["price_in"], options["price_out"])
    if prices.count(None) == 1:
        raise CommandError("--price-in and --price-out belong together", returncode=USAGE)
    return Wish(
        selection=Selection(
            channels=options["channels"],
            days=options["days"],
            samples=options["samples"],
            seed=options["seed"],
        ),
        model=options["model"] or OFFLINE,
        reviewer=options["reviewer"],
        directory=options["out"] or settings.DATA_DIR / "benchmark" / options["scenario"],
        concurrency=options["concurrency"],
        price=None if None in prices else Price(*prices, options["currency"]),
    )


def _read_concurrency(text: str) -> int:
    if (count := read_count(text)) > MOST_AT_A_TIME:
        raise argparse.ArgumentTypeError(f"at most {MOST_AT_A_TIME}")
    return count


def _read_price(text: str) -> float:
    try:
        price = float(text)
    except ValueError:
        price = math.nan
    if not 0 <= price < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no price")
    return price
