"""What a benchmark needs before anything is asked, looked at one by one and told; then the run itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from django.core.management.base import OutputWrapper

from digests.benchmark.drafted import Drafted, score_sample
from digests.benchmark.environment import describe_environment
from digests.benchmark.estimating import Expense, estimate_expense
from digests.benchmark.journal import Journal
from digests.benchmark.output import REPORT, check_report
from digests.benchmark.report import Price, Report, Run, build_report
from digests.benchmark.report_json import write_report
from digests.benchmark.runner import Watch, run_samples
from digests.benchmark.scenario import SCENARIO, Scenario, Selection, read_scenario
from digests.code_version import code_version
from digests.dataset.counting import count_twice
from digests.domain.prompts import hash_prompts
from digests.errors import DatasetError
from digests.management.choosing import ask_alone, find_model
from llm.chain import Chain
from llm.provider_settings import InvalidSetting
from llm.route import Candidate, write_candidate

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run is asked to be."""

    selection: Selection
    model: str
    reviewer: str
    directory: Path
    concurrency: int
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that can begin."""

    run: Run
    scenario: Scenario
    chain: Chain
    reviewer: Chain | None


@dataclass(slots=True)
class Checklist:
    """Looks at one thing after the other and says what it finds; `failed` names what is not as it should be."""

    out: OutputWrapper
    failed: list[str] = field(default_factory=list)

    def look(self, name: str, find: Callable[[], T], describe: Callable[[T], str]) -> T | None:
        """Return what `find` finds, None if it cannot. Raises `django.db.DatabaseError`."""
        try:
            found = find()
        except (DatasetError, InvalidSetting, OSError) as error:
            self.out.write(f"FAIL  {name}: {error}")
            self.failed.append(name)
            return None
        self.out.write(f"ok    {name}: {describe(found)}")
        return found


def prepare(wish: Wish, checklist: Checklist) -> Prepared | None:
    """Look at everything that a run needs, without a model; None if something is missing."""
    look = checklist.look
    look(
        "dataset",
        count_twice,
        lambda counts: f"{sum(count.digests for count in counts)} digests, counted twice",
    )
    scenario = look("samples", lambda: read_scenario(wish.selection), _describe_scenario)
    model = look("model", lambda: find_model(wish.model, option="--model"), write_candidate)
    reviewer = _find_reviewer(wish, checklist)
    look("prompts", hash_prompts, str)
    look("output", lambda: _find_writable(wish.directory), str)
    if scenario is None or model is None:
        return None
    run = _describe_run(scenario, model, reviewer)
    chain = ask_alone(model)
    look(
        "questions",
        lambda: estimate_expense(scenario.samples, chain.route),
        lambda expense: _describe_expense(expense, wish.price),
    )
    look("report", lambda: _rehearse_report(run), lambda _: "as its schema says")
    if checklist.failed:
        return None
    return Prepared(
        run=run, scenario=scenario, chain=chain, reviewer=ask_alone(reviewer) if reviewer else None
    )


def find_finished(journal: Journal, directory: Path, *, is_resumed: bool) -> list[Drafted]:
    """Return the samples of an earlier run to go on from.

    Raises `DatasetError` if one was interrupted here that is not to be gone on with, or it was another one.
    """
    if is_resumed:
        return journal.read() if journal.exists() else []
    if journal.exists() and not (directory / REPORT).exists():
        raise DatasetError(
            f"{directory} holds a run that was interrupted: --resume goes on, --out begins elsewhere"
        )
    return []


def run_benchmark(
    prepared: Prepared, wish: Wish, journal: Journal, finished: list[Drafted], *, watch: Watch
) -> Report:
    """Ask for what is not finished, note each sample as it is, and sum up."""
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    samples = {(one.channel, one.day, one.posts_hash): one for one in prepared.scenario.samples}
    kept = [drafted for drafted in finished if drafted.key in samples]
    wish.directory.mkdir(parents=True, exist_ok=True)
    (wish.directory / REPORT).unlink(missing_ok=True)  # what lies there is unfinished from now on
    journal.begin(kept)

    def note(drafted: Drafted) -> None:
        journal.add(drafted)
        watch(drafted)

    done = {drafted.key for drafted in kept}
    drafted = kept + run_samples(
        [sample for key, sample in samples.items() if key not in done],
        chain=prepared.chain,
        reviewer=prepared.reviewer,
        concurrency=wish.concurrency,
        watch=note,
    )
    return build_report(
        prepared.run,
        [score_sample(one, samples[one.key]) for one in drafted],
        [one.measured for one in drafted],
        started_at=started_at,
        environment=describe_environment(),
        price=wish.price,
    )


def _find_reviewer(wish: Wish, checklist: Checklist) -> Candidate | None:
    if not wish.reviewer:
        return None
    return checklist.look("reviewer", lambda: find_model(wish.reviewer, option="--reviewer"), write_candidate)


def _describe_run(scenario: Scenario, model: Candidate, reviewer: Candidate | None) -> Run:
    return Run(
        scenario=SCENARIO,
        seed=scenario.seed,
        provider=model.provider.name,
        model=model.model_name,
        prompt_hash=hash_prompts(),
        generator_version=scenario.generator_version,
        code_version=code_version(),
        reviewer=write_candidate(reviewer) if reviewer else "",
    )


def _describe_scenario(scenario: Scenario) -> str:
    samples = scenario.samples
    channels, days = {one.channel for one in samples}, [one.day for one in samples]
    posts = sum(len(one.seen.posts) for one in samples)
    return (
        f"{len(samples)} of {len(channels)} channels, {min(days)} to {max(days)}, {posts} posts, "
        f"seed {scenario.seed}"
    )


def _describe_expense(expense: Expense, price: Price | None) -> str:
    told = f"{expense.questions}, about {expense.tokens_in:,} tokens in, {expense.tokens_out:,} out at most"
    return f"{told}, {expense.price(price):.2f} {price.currency} at most" if price else told


def _rehearse_report(run: Run) -> None:
    nothing = build_report(run, (), (), started_at="", environment=describe_environment())
    check_report(write_report(nothing))


def _find_writable(directory: Path) -> Path:
    """Return the directory if it can be written, or made. Raises `DatasetError`."""
    there = next(path for path in (directory, *directory.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise DatasetError(f"{there} cannot be written")
    return directory
