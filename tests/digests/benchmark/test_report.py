from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from digests.benchmark import report as report_module
from digests.benchmark.comparison import Verdict, compare_reports, write_comparison
from digests.benchmark.environment import Environment, describe_environment
from digests.benchmark.markdown import render_comparison, render_report
from digests.benchmark.plots import plot_comparison, plot_scores, plot_timings
from digests.benchmark.report import Cost, Measured, Price, Report, Run, ScoredSample, build_report
from digests.benchmark.report_json import read_report, scores_checksum, write_report
from digests.benchmark.scoring import METRIC_NAMES, Scores
from digests.benchmark.statistics import NoInterval
from digests.errors import DatasetError
from tests.harness.processes import PROJECT_DIR
from tests.harness.unmeasured import UNMEASURED
from tests.services import environment

SCHEMA = Path(report_module.__file__).with_name("schemas") / "report.schema.json"
RUN = Run(
    scenario="channel_digest_ru",
    seed=20,
    provider="offline",
    model="scripted <1>",
    prompt_hash="ab" * 32,
    generator_version=1,
    code_version="0.1.0",
)
MACHINE = Environment({"processor": "A | B", "cores": "2"}, {"Python": "3.11.9"})


def scores(**known: float) -> Scores:
    return Scores(**{**dict.fromkeys(METRIC_NAMES), "russian": 1.0, **known})


def samples(*, days: int = 20, shift: float = 0.0, posts_hash: str = "p") -> list[ScoredSample]:
    source = random.Random(4)
    return [
        ScoredSample(
            channel=channel,
            day=f"2025-03-{day:02}",
            posts_hash=posts_hash,
            scores=scores(
                faithfulness=min(1.0, source.uniform(0.5, 0.9) + shift),
                ad_leakage=source.uniform(0, 0.2) + shift,
                compression_ratio=0.2 + shift,
            ),
        )
        for channel in ("city", "sport")
        for day in range(1, days + 1)
    ]


def report(given: list[ScoredSample], *, run: Run = RUN, price: Price | None = None) -> Report:
    measured = [
        Measured(whole_s=1 + n / 10, first_token_s=0.2, tokens_in=1000, tokens_out=100, is_estimated=n == 0)
        for n in range(len(given))
    ]
    return build_report(
        run,
        given,
        measured,
        started_at="2025-04-01T10:00:00+00:00",
        environment=MACHINE,
        price=price,
    )


@pytest.mark.parametrize("given", [samples(), [], samples(days=1)[:1]])
def test_a_report_is_read_as_it_was_written_and_follows_its_schema(given: list[ScoredSample]) -> None:
    written = write_report(report(given, price=Price(1.5, 6.0)))

    assert write_report(read_report(written)) == written
    assert scores_checksum(read_report(written)) == scores_checksum(report(given))
    jsonschema.validate(json.loads(written), json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_what_failed_counts_as_an_empty_digest_beside_the_scores_of_those_there_are() -> None:
    written = samples(days=10)
    empty = Scores(**{**dict.fromkeys(METRIC_NAMES), "fact_coverage": 0.0})
    failed = [
        ScoredSample(channel="city", day=f"2025-03-{day}", posts_hash="p", scores=empty, fault="timed_out")
        for day in (21, 22)
    ]
    covering = [replace(one, scores=replace(one.scores, fact_coverage=0.6)) for one in written]

    told = report([*covering, *failed])

    assert told.failures == {"timed_out": 2}
    assert (told.metrics["fact_coverage"].value, told.metrics["fact_coverage"].n) == (pytest.approx(0.6), 20)
    assert told.metrics_of_all["fact_coverage"].value == pytest.approx(0.6 * 20 / 22)
    assert told.metrics_of_all["faithfulness"] == told.metrics["faithfulness"]
    assert "Without a digest: 2 × `timed_out`." in (text := render_report(told))
    assert "| `fact_coverage` ↑ | 0.545 |" in text
    assert read_report(write_report(told)).failures == told.failures
    compared = compare_reports(
        told, report([*covering, replace(failed[0], fault="", scores=covering[0].scores)])
    )
    assert (compared.pairs, compared.failed_first, compared.failed_second) == (21, 1, 0)


def test_the_order_of_the_samples_changes_no_byte_and_a_score_does() -> None:
    given = samples()
    other = [replace(given[0], scores=scores(faithfulness=0.1)), *given[1:]]

    assert write_report(report(given[::-1])) == write_report(report(given))
    assert scores_checksum(report(other)) != scores_checksum(report(given))


def test_another_process_comes_to_the_same_digits() -> None:
    code = (
        "from tests.digests.benchmark.test_report import report, samples, scores_checksum\n"
        "print(scores_checksum(report(samples())))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_DIR,
        env=environment(PYTHONHASHSEED="7", **UNMEASURED),
        timeout=180,
    )

    assert run.stdout.strip() == scores_checksum(report(samples()))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "run": {}}'])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(DatasetError):
        read_report(text)


def test_tokens_and_cost_are_known_only_if_all_of_them_are() -> None:
    known = report(samples(), price=Price(1.5, 6.0, "EUR")).timings
    partly = build_report(
        RUN,
        samples(days=1),
        [Measured(whole_s=1, tokens_in=1, tokens_out=1), Measured(whole_s=1)],
        started_at="",
        environment=MACHINE,
        price=Price(1, 1),
    ).timings

    assert (known.tokens_in, known.tokens_out, known.cost) == (40_000, 4_000, Cost(0.084, "EUR"))
    assert (partly.tokens_in, partly.tokens_out, partly.cost) == (None, None, None)
    assert partly.first_token_p50.no_interval is NoInterval.NO_SAMPLES


def test_a_report_reads_as_markdown_with_reasons_where_figures_are_missing() -> None:
    text = render_report(report(samples()), plots=["scores.svg"])

    assert "| `ad_leakage` ↓ | 0.0" in text
    assert "| `russian` ↑ | 1.000 | no variation | 40 |" in text
    assert "| `rouge_1` ↑ | — | no samples | 0 |" in text
    assert "| processor | A \\| B |" in text
    assert "| samples | 40, of 2 channels, 2025-03-01 to 2025-03-20 |" in text
    assert "Tokens: 40,000 in, 4,000 out (estimated for 1 of the digests). Cost: not known." in text
    assert "![scores.svg](scores.svg)" in text


def test_a_comparison_tells_better_from_worse_from_unproven() -> None:
    first = report(samples())
    second = report(samples(shift=0.05), run=replace(RUN, model="other"))

    compared = compare_reports(first, second)

    verdicts = {name: compared.metrics[name].verdict for name in METRIC_NAMES}
    assert verdicts["faithfulness"] is Verdict.BETTER
    assert verdicts["ad_leakage"] is Verdict.WORSE
    assert verdicts["compression_ratio"] is Verdict.CHANGED
    assert verdicts["russian"] is Verdict.UNPROVEN
    assert verdicts["chrf"] is Verdict.UNTESTED
    assert "| `ad_leakage` ↓ | " in (text := render_comparison(compared, plots=["comparison.svg"]))
    assert "| +0.050 " in text
    assert json.loads(write_comparison(compared))["metrics"]["russian"]["p_holm"] == 1.0
    assert compare_reports(first, first).metrics["faithfulness"].test.p_value == 1.0


def test_only_samples_of_the_same_posts_are_compared_and_the_others_are_counted() -> None:
    mine = [*samples(days=3)[:3], *samples(days=6)[3:5]]
    others = [mine[0], replace(mine[0], scores=scores(faithfulness=0.0)), replace(mine[1], posts_hash="q")]

    compared = compare_reports(report(mine), report([*others, replace(mine[2], day="2025-04-01")]))

    assert (compared.pairs, compared.only_first, compared.only_second, compared.other_posts) == (1, 3, 1, 1)
    assert mine[0].scores.faithfulness is not None
    assert compared.metrics["faithfulness"].test.second == mine[0].scores.faithfulness / 2


@pytest.mark.parametrize("other", [{"scenario": "other"}, {"seed": 21}, {"generator_version": 2}])
def test_reports_of_other_questions_are_not_compared(other: dict[str, Any]) -> None:
    with pytest.raises(DatasetError, match="different"):
        compare_reports(report([]), report([], run=replace(RUN, **other)))


def test_what_two_reviewers_say_is_not_compared() -> None:
    given = [
        replace(one, scores=replace(one.scores, judged_coverage=number / 40))
        for number, one in enumerate(samples())
    ]
    mine = report(given, run=replace(RUN, reviewer="a:b"))

    assert compare_reports(mine, mine).metrics["judged_coverage"].verdict is Verdict.UNPROVEN
    others = compare_reports(mine, report(given, run=replace(RUN, reviewer="c:d")))
    assert others.metrics["judged_coverage"].verdict is Verdict.UNTESTED


@pytest.mark.parametrize("given", [samples(), []])
def test_pictures_are_whole_the_same_each_time_and_within_their_frame(given: list[ScoredSample]) -> None:
    first = report(given)

    for draw in (
        lambda: plot_scores(first),
        lambda: plot_timings(first),
        lambda: plot_comparison(compare_reports(first, first)),
    ):
        picture = draw()
        root = ElementTree.fromstring(picture)
        width = float(root.attrib["width"])
        assert all(
            0 <= float(dot.attrib["cx"]) <= width for dot in root.iter("{http://www.w3.org/2000/svg}circle")
        )
        assert picture == draw()
        assert "scripted &lt;1&gt;" in picture


def test_the_environment_names_versions_and_no_host() -> None:
    environment = describe_environment()

    assert {"Python", "numpy", "rouge-score-rs", "sacrebleu"} <= environment.libraries.keys()
    assert set(environment.hardware) <= {"processor", "cores", "memory", "system"}
    assert "" not in {*environment.libraries.values(), *environment.hardware.values()}
