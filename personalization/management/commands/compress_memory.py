"""Compress one person's memory now, or everybody's that has passed its cap."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.catalogue import find_route
from llm.chain import Chain, configured_chain
from personalization.domain.compression import FAILURES, compress_memory, count_excess
from personalization.domain.compression_lock import RunUnderWay
from personalization.domain.compression_run import CompressionRunner, RunOutcome
from personalization.domain.compression_search import PeopleOverCap
from personalization.models import CompressionRun
from progress import ProgressLine

SOME_FAILED, RUN_UNDER_WAY, INTERRUPTED = 1, 2, 130  # exit codes; the last one is what shells make of Ctrl-C
BAR_CHARS = 30


class Command(BaseCommand):
    help = (
        "Compress the memories that have passed MEMORY_CAP. Exits with 1 if one stays so, with 2 if another run is "
        "under way. Ctrl-C lets it end with the people it is at, and exit with 130."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="USER_ID", help="of this person alone")
        parser.add_argument("--limit", type=_read_limit, metavar="N", help="of N people at most")
        parser.add_argument(
            "--dry-run", action="store_true", help="say whose memory by how many events, and change nothing"
        )
        parser.add_argument(
            "--extractive", action="store_true", help="when the model gives no answer, summarise without it"
        )

    def handle(
        self,
        *,
        user: str | None = None,
        limit: int | None = None,
        dry_run: bool = False,
        extractive: bool = False,
        **_: Any,
    ) -> None:
        try:
            if dry_run:
                self._rehearse([user] if user else PeopleOverCap(limit=limit))
            elif user:
                self._compress_one(user, is_extractive_allowed=extractive)
            else:
                self._compress_all(limit=limit, is_extractive_allowed=extractive)
        except KeyboardInterrupt:
            raise CommandError("Interrupted", returncode=INTERRUPTED) from None

    def _rehearse(self, user_ids: list[str] | PeopleOverCap) -> None:
        people, events = 0, 0
        for user_id in user_ids:
            if excess := count_excess(user_id):
                people, events = people + 1, events + excess
                self.stdout.write(f"{user_id}: {excess} events would be summarised")
        self.stdout.write(f"{people} people, {events} events; nothing was changed")

    def _compress_one(self, user_id: str, *, is_extractive_allowed: bool) -> None:
        outcome = compress_memory(user_id, chain=_chain(), is_extractive_allowed=is_extractive_allowed)
        if outcome.status in FAILURES:
            raise CommandError(f"{user_id}: {outcome.status}; nothing was deleted", returncode=SOME_FAILED)
        self.stdout.write(
            f"{user_id}: {outcome.status}, {outcome.summarised} summarised, {outcome.deleted} deleted"
        )

    def _compress_all(self, *, limit: int | None, is_extractive_allowed: bool) -> None:
        progress = ProgressLine(self.stdout)
        with telling_to_end() as told:
            runner = CompressionRunner(
                _chain(),
                limit=limit,
                is_extractive_allowed=is_extractive_allowed,
                is_ending=told.is_set,
                watch=lambda run: progress.show(_describe(run), drawn=f"{_draw_bar(run)} "),
            )
            try:
                run = runner.run()
            except RunUnderWay:
                raise CommandError("Another run is under way", returncode=RUN_UNDER_WAY) from None
            finally:
                progress.end()
        self._report(run, is_told=told.is_set())

    def _report(self, run: CompressionRun, *, is_told: bool) -> None:
        report = f"{run.outcome}: {_describe(run)}"
        if run.outcome == RunOutcome.INTERRUPTED:
            raise CommandError(report, returncode=INTERRUPTED if is_told else SOME_FAILED)
        if run.failed:
            raise CommandError(report, returncode=SOME_FAILED)
        self.stdout.write(report)


@contextmanager
def telling_to_end() -> Iterator[threading.Event]:
    """Let the first Ctrl-C, or SIGTERM, end a run with the people it is at; the next one kills it, which is no loss."""
    told = threading.Event()

    def tell(number: int, _frame: object) -> None:
        told.set()
        signal.signal(number, signal.SIG_DFL)

    earlier: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in earlier:
        signal.signal(number, tell)
    try:
        yield told
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _chain() -> Chain:
    return configured_chain(find_route(""))


def _describe(run: CompressionRun) -> str:
    return (
        f"{run.seen} of {run.people} people seen, {run.found} over the cap, {run.processed} done, "
        f"{run.failed} of them failed"
    )


def _draw_bar(run: CompressionRun) -> str:
    filled = BAR_CHARS * min(run.seen, run.people) // run.people if run.people else BAR_CHARS
    return f"[{'#' * filled:<{BAR_CHARS}}]"


def _read_limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of people")
    return int(text)
