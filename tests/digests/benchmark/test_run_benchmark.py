"""`manage.py run_benchmark`: what it checks, what it comes to, how it goes on, and how two runs are compared."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection

from butler_project.embedded.discovery import Endpoints, write_endpoints
from digests.benchmark.estimating import estimate_expense
from digests.benchmark.journal import JOURNAL, Journal
from digests.benchmark.output import load_report, save_report
from digests.benchmark.report import Price, Run
from digests.benchmark.report_json import scores_checksum
from digests.benchmark.scenario import SCENARIO, Selection, read_scenario
from digests.dataset.seeding import declare_channels, declare_dataset, seed_channels
from digests.domain.prompts import ANSWER_TOKENS
from digests.errors import DatasetError
from digests.management.benchmarking import Prepared, Wish, find_finished, run_benchmark
from digests.models import BenchmarkDataset, Digest
from llm.errors import Unavailable
from llm.prompt import Prompt
from llm.providers.base import Provider
from llm.providers.offline import OfflineProvider
from tests.harness.configuration import forget_configuration
from tests.harness.processes import PROJECT_DIR
from tests.harness.providers import ScriptedProvider, chain_of
from tests.observability.spans import parents, recorded_spans

pytestmark = pytest.mark.django_db

LAST_DAY = date(2026, 3, 10)
DAYS = 6
DIGEST = "- Открыт новый мост. [1]"
DOWN = Unavailable("down", provider="scripted")


def seed(*, channels: int) -> None:
    """Store six days of the first so many channels."""
    declared = declare_channels()
    for left_out in declared[channels:]:
        left_out.delete()
    dataset = declare_dataset(last_day=LAST_DAY, days=DAYS, seed=7)
    offline = chain_of(OfflineProvider())
    seed_channels(declared[:channels], dataset, chain=offline, review=lambda digest: None)


@pytest.fixture
def _no_model(settings: Any) -> Iterator[None]:
    settings.LLM_API_URL, settings.LLM_RETRIES = "http://127.0.0.1:1/v1", 0
    forget_configuration()
    yield
    forget_configuration()


def benchmark(*arguments: str, scenario: bool = True) -> str:
    out = io.StringIO()
    what = ["--scenario", SCENARIO] if scenario else []
    call_command("run_benchmark", *what, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def wish_for(directory: Path, *, concurrency: int = 1) -> Wish:
    return Wish(
        selection=Selection(channels=1, days=4),
        model="scripted",
        reviewer="",
        directory=directory,
        concurrency=concurrency,
        price=Price(1.0, 2.0),
    )


def prepared_for(provider: Provider, *, reviewer: Provider | None = None) -> Prepared:
    scenario = read_scenario(Selection(channels=1, days=4))
    run = Run(
        scenario=SCENARIO,
        seed=7,
        provider=provider.name,
        model="m",
        prompt_hash="p",
        generator_version=1,
        code_version="c",
    )
    return Prepared(
        run=run,
        scenario=scenario,
        chain=chain_of(provider),
        reviewer=chain_of(reviewer) if reviewer else None,
    )


def test_the_offline_provider_comes_to_the_same_scores_in_every_process(tmp_path: Path) -> None:
    seed(channels=5)
    endpoints = Endpoints(url_of_the_test_database(), configured.REDIS_URL)
    write_endpoints(tmp_path / "data", endpoints)
    runs = [
        subprocess.run(
            [sys.executable, "manage.py", "run_benchmark", "--scenario", SCENARIO, "--out", tmp_path / name],
            cwd=PROJECT_DIR,
            env={**os.environ, "DATA_DIR": str(tmp_path / "data"), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        for name, hash_seed in (("a", "1"), ("b", "2"))
    ]

    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr[-2000:]
    checksums = [run.stdout.splitlines()[-1] for run in runs]
    assert checksums[0] == checksums[1] == f"scores: SHA-256 {scores_checksum(load_report(tmp_path / 'a'))}"
    scores = [
        json.dumps(json.loads((tmp_path / name / "report.json").read_text())["scores"]) for name in "ab"
    ]
    assert scores[0] == scores[1]
    report = load_report(tmp_path / "a")
    assert (len(report.samples), report.failures) == (5 * DAYS, {})
    assert report.metrics["faithfulness"].value is not None
    assert report.metrics["faithfulness"].value > 0.9
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "report.json",
        "report.md",
        "samples.jsonl",
        "scores.svg",
        "timings.svg",
    ]
    told = benchmark("--compare", str(tmp_path / "a"), str(tmp_path / "b"), scenario=False)
    assert told.startswith(f"{5 * DAYS} pairs; metrics: 13 no difference shown, 3 no pairs")
    assert (tmp_path / "b" / "comparison.svg").exists()


def url_of_the_test_database() -> str:
    server, _, query = configured.MONGODB_URL.partition("?")
    return f"{server.rpartition('/')[0]}/{connection.settings_dict['NAME']}?{query}"


def test_a_dry_run_checks_everything_and_writes_nothing(tmp_path: Path) -> None:
    seed(channels=2)
    out = tmp_path / "new" / "report"

    told = benchmark(
        "--dry-run", "--out", str(out), "--channels", "2", "--days", "3", "--samples", "4",
        "--price-in", "1", "--price-out", "2", "--currency", "EUR", "--reviewer", "offline",
    )  # fmt: skip

    assert [line.split(":")[0] for line in told.splitlines()] == [
        "ok    dataset",
        "ok    samples",
        "ok    model",
        "ok    reviewer",
        "ok    prompts",
        "ok    output",
        "ok    questions",
        "ok    report",
        "Ready",
    ]
    assert "ok    samples: 4 of 2 channels, 2026-03-0" in told
    assert "EUR at most" in told
    assert not out.parent.exists()


@pytest.mark.usefixtures("_no_model")
def test_what_is_missing_is_named_all_at_once(tmp_path: Path) -> None:
    seed(channels=1)
    (tmp_path / "file").touch()
    Digest.objects.filter(day="2026-03-09").delete()
    out = io.StringIO()

    with pytest.raises(CommandError, match="Not ready: samples, model, output") as failed:
        call_command(
            "run_benchmark", "--scenario", SCENARIO, "--dry-run", "--model", "nobody:m", "--out",
            tmp_path / "file" / "below", stdout=out,
        )  # fmt: skip

    assert failed.value.returncode == 1
    assert "FAIL  samples: 1 days of city are not there (2026-03-09)" in out.getvalue()
    assert "FAIL  model: --model: 'nobody' is no configured provider" in out.getvalue()


@pytest.mark.usefixtures("_no_model")
def test_a_model_that_is_away_is_an_outcome_and_no_digest_at_all_a_failure(tmp_path: Path) -> None:
    seed(channels=1)
    with pytest.raises(CommandError, match="no digest to score: unavailable") as failed:
        benchmark("--model", "openai_compatible:m", "--out", str(tmp_path), "--samples", "3")

    assert failed.value.returncode == 1
    report = load_report(tmp_path)
    assert report.failures == {"unavailable": 3}
    assert report.metrics["fact_coverage"].n == 0
    assert report.metrics_of_all["fact_coverage"].value == 0.0


def test_a_call_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(CommandError, match="belong together") as failed:
        benchmark("--price-in", "1")
    assert failed.value.returncode == 2
    for arguments in (["--price-in", "-1"], ["--samples", "0"], ["--concurrency", "99"], ["--seed", "x"]):
        with pytest.raises(CommandError):  # on the command line the parser ends the process, with 2
            benchmark(*arguments)


def test_what_was_interrupted_goes_on_with_what_is_not_finished(tmp_path: Path) -> None:
    seed(channels=1)

    def interrupt(_: Prompt) -> str:
        raise KeyboardInterrupt

    first = prepared_for(ScriptedProvider(DIGEST, DOWN, interrupt))
    wish = wish_for(tmp_path)
    journal = Journal(tmp_path, first.run)
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(first, wish, journal, [], watch=lambda drafted: None)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"channel": "ci')  # killed while it wrote

    with pytest.raises(DatasetError, match="--resume goes on"):
        find_finished(journal, tmp_path, is_resumed=False)
    finished = find_finished(journal, tmp_path, is_resumed=True)
    again = ScriptedProvider(DIGEST)
    report = run_benchmark(prepared_for(again), wish, journal, finished, watch=lambda drafted: None)
    save_report(report, tmp_path)

    assert (len(finished), len(again.prompts)) == (1, 3)  # nobody had answered the second
    with recorded_spans() as spans:
        whole = run_benchmark(
            prepared_for(ScriptedProvider(DIGEST)),
            wish_for(tmp_path / "whole", concurrency=3),
            Journal(tmp_path / "whole", first.run),
            [],
            watch=lambda drafted: None,
        )
    assert scores_checksum(report) == scores_checksum(whole)
    steps = parents(spans.get_finished_spans())
    assert (steps["run benchmark"], steps["benchmark sample"]) == ("", "run benchmark")
    assert steps["draft digest"] == "benchmark sample"
    assert find_finished(journal, tmp_path, is_resumed=False) == []  # a finished run may be replaced
    other = Run(**{**{name: getattr(first.run, name) for name in first.run.__slots__}, "model": "n"})
    with pytest.raises(DatasetError, match="another run: model m, not n"):
        find_finished(Journal(tmp_path, other), tmp_path, is_resumed=True)


def test_failures_are_counted_and_what_they_cost_is_paid(tmp_path: Path) -> None:
    seed(channels=1)
    verdict = json.dumps({"coverage": 0.5, "faithfulness": 1, "language": 0.75})
    prepared = prepared_for(
        ScriptedProvider(DIGEST, DOWN, "Ничего. Без ссылок.", DIGEST),
        reviewer=ScriptedProvider(verdict, "no verdict"),
    )
    seen: list[str] = []

    report = run_benchmark(
        prepared,
        wish_for(tmp_path),
        Journal(tmp_path, prepared.run),
        [],
        watch=lambda drafted: seen.append(drafted.fault),
    )

    assert seen == ["", "unavailable", "no_statement", ""]
    assert report.failures == {"no_statement": 1, "unavailable": 1}
    assert (report.timings.whole_p50.n, report.metrics["faithfulness"].n) == (2, 2)
    assert (report.metrics["judged_language"].value, report.metrics["judged_language"].n) == (0.75, 1)
    assert report.metrics_of_all["post_coverage"].n == 4
    assert report.timings.cost is not None


def test_an_estimate_counts_a_question_for_each_part_and_one_that_merges(settings: Any) -> None:
    seed(channels=1)
    samples = read_scenario(Selection(channels=1, days=1)).samples
    route = chain_of(OfflineProvider()).route
    whole = estimate_expense(samples, route)
    settings.PROMPT_BUDGET_TOKENS = whole.tokens_in * 2 // 3

    divided = estimate_expense(samples, route)

    assert (whole.questions, whole.tokens_out) == (1, ANSWER_TOKENS)
    assert divided.questions > 2
    assert divided.tokens_out == divided.questions * ANSWER_TOKENS
    assert divided.price(Price(1.0, 1.0)) == (divided.tokens_in + divided.tokens_out) / 1_000_000


def test_samples_are_those_asked_for_and_drawn_the_same_each_time() -> None:
    seed(channels=2)
    drawn = read_scenario(Selection(samples=7)).samples

    assert [(one.channel, one.day) for one in drawn] == [
        (one.channel, one.day) for one in read_scenario(Selection(samples=7)).samples
    ]
    assert len(drawn) == 7
    assert {one.day for one in read_scenario(Selection(days=2)).samples} == {"2026-03-09", "2026-03-10"}
    with pytest.raises(DatasetError, match="of seed 7, not 8"):
        read_scenario(Selection(seed=8))
    BenchmarkDataset.objects.update(generator_version=0)
    with pytest.raises(DatasetError, match="--replace"):
        read_scenario(Selection())
