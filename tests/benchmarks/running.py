"""What the scenarios have in common: a stack of their own, warmed up, and the account at the end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.accounting import Exchange, added_seconds, collect
from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Accounting, Result
from tests.benchmarks.load import converse
from tests.benchmarks.questions import Question, write_for_crowd

WARM_UP_ROUNDS = 2
DRAIN_TIMEOUT_S = 90.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario is told: whether a smoke test will do, and the results of those before it.

    With `subscribers` the scenario of digests is to deliver one to so many at Telegram's pace, and nothing else.
    """

    is_quick: bool
    subscribers: int = 0
    earlier: dict[str, Result] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the questions of a phase came to."""

    exchanges: list[Exchange]
    accounting: Accounting
    added_s: list[float]

    @property
    def total_s(self) -> list[float]:
        return [exchange.seconds for exchange in self.exchanges]


@contextmanager
def warmed_stack(chat_ids: range, *, is_watched: bool = False, **settings: str) -> Iterator[BenchStack]:
    """Start a stack in which each of these people has had answers already."""
    with (
        tempfile.TemporaryDirectory(prefix="butler-bench-") as directory,
        BenchStack(Path(directory), is_watched=is_watched, **settings) as stack,
    ):
        converse(stack.telegram.url, write_for_crowd(chat_ids, WARM_UP_ROUNDS, tag="разминки"))
        yield stack


def settle(
    stack: BenchStack, questions: Sequence[Question], *, timeout_s: float = DRAIN_TIMEOUT_S
) -> Outcome:
    """Wait for the last answers and take the account."""
    stack.wait_until_quiet(timeout_s=timeout_s)
    exchanges, accounting = collect(stack.telegram, questions)
    return Outcome(exchanges, accounting, added_seconds(exchanges, stack.model.seconds_by_marker()))


def note_logs(result: Result, stack: BenchStack) -> None:
    """Add what our processes logged as warnings or errors."""
    result.notes += [f"logged {count} times by {label}" for label, count in stack.count_log_lines().items()]
