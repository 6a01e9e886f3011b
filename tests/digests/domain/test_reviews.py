from __future__ import annotations

import json
from typing import Any

import pytest

from digests.domain.day import Statement
from digests.domain.identity import identify_report
from digests.domain.records import posts_as_json, statements_as_json
from digests.domain.review_answer import MOST_REMARKS, REMARK_MAX_CHARS, read_verdict
from digests.domain.review_checks import check_digest
from digests.domain.reviews import review_digest
from digests.enums import ReviewStatus
from digests.errors import ReviewUnreadable
from digests.export.records import REVIEW_REPORT, build_review_record
from digests.export.schema import check_record
from digests.models import Digest, ReviewReport
from llm.errors import LLMError, Unavailable
from llm.prompt import Purpose
from llm.providers.offline import OfflineProvider
from tests.factories.digests import ChannelFactory, DigestFactory, make_day, make_post
from tests.harness.providers import ScriptedProvider, chain_of

BRIDGE = "В Заречье открыли мост через Лугу за 1,2 млрд рублей."
THEATRE = "Мэрия объявила конкурс на ремонт театра «Маяк»: заявки принимают до 15 мая."
GOOD = json.dumps({"coverage": 0.9, "faithfulness": 1, "language": 1.0, "missed": [], "unsupported": []})
DAY_POSTS = make_day(BRIDGE, THEATRE)


def findings_of(*statements: Statement) -> list[tuple[int, str, str]]:
    return [
        (found.statement, found.kind.value, found.value)
        for found in check_digest(statements, DAY_POSTS).findings
    ]


def test_a_digest_of_its_posts_passes_every_check() -> None:
    checks = check_digest(
        [
            Statement("Мост через Лугу открыт за 1,2 млрд рублей.", (1,)),
            Statement("Ремонт театра «Маяк».", (2,)),
        ],
        DAY_POSTS,
    )

    assert (checks.statements, checks.findings, checks.has_passed) == (2, (), True)
    assert json.loads(checks.as_json()) == {"version": 1, "has_passed": True, "statements": 2, "findings": []}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (Statement("Мост открыт за 1,5 млрд рублей.", (1,)), ("figure", "1,5 млрд")),
        (Statement("Мост через реку Вятка открыт.", (1,)), ("name", "Вятка")),
        (Statement("Начался ремонт театра «Парус».", (2,)), ("title", "«Парус»")),
        (Statement("Мост через Лугу открыт.", (1, 77)), ("link", "77")),
        (Statement("The bridge is open.", (1,)), ("language", "not_cyrillic")),
    ],
)
def test_what_no_cited_post_says_is_found(statement: Statement, expected: tuple[str, str]) -> None:
    ((number, kind, value),) = findings_of(statement)

    assert (number, kind) == (1, expected[0])
    assert value.strip("«»") == expected[1].strip("«»")


def test_advertisements_and_repeats_are_found() -> None:
    day_posts = make_day(BRIDGE)
    advertised = make_post("Скидки на окна", number=9, is_ad=True)
    day_posts = type(day_posts)(day_posts.channel_id, day_posts.day, (*day_posts.posts, advertised))
    said = [Statement("Мост через Лугу открыт.", (1,)), Statement("Открыт мост через Лугу.", (1,))]

    checks = check_digest([*said, Statement("Скидки на окна.", (9,))], day_posts)

    assert [(found.statement, found.kind.value, found.value) for found in checks.findings] == [
        (2, "repeat", "1"),
        (3, "advertisement", "9"),
    ]


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Вот оценка:\n{}\nГотово."])
def test_a_verdict_is_read_whatever_stands_around_it(around: str) -> None:
    verdict = read_verdict(around.replace("{}", GOOD), statements=2)

    assert (verdict.coverage, verdict.faithfulness, verdict.language) == (0.9, 1.0, 1.0)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Хороший дайджест.",
        "[1]",
        "{",
        '{"coverage": 1}',
        GOOD.replace("0.9", "9"),
        GOOD.replace("0.9", '"да"'),
        GOOD.replace("0.9", "NaN"),
    ],
)
def test_anything_else_is_unreadable(answer: str) -> None:
    with pytest.raises(ReviewUnreadable):
        read_verdict(answer, statements=2)


def test_remarks_are_bounded_and_numbers_of_no_statement_left_out() -> None:
    answer = json.loads(GOOD) | {"remarks": ["слово\ud800 " * 200] * 30, "unsupported": [0, 2, 2.0, 9]}

    verdict = read_verdict(json.dumps(answer), statements=2)

    assert len(verdict.remarks) == MOST_REMARKS
    assert max(map(len, verdict.remarks)) <= REMARK_MAX_CHARS
    assert verdict.unsupported == (2,)
    assert "2.0" not in verdict.remarks_as_json().encode().decode()


@pytest.fixture
def digest(db: None) -> Digest:
    channel = ChannelFactory.create()
    said = [
        Statement("Мост через Лугу открыт за 1,2 млрд рублей.", (1,)),
        Statement("Театр отремонтируют.", (2,)),
    ]
    return DigestFactory.create(
        channel_id=channel.channel_id,
        statements=statements_as_json(said),
        raw_posts=posts_as_json(DAY_POSTS.posts),
        provider="author",
    )


def review(digest: Digest, *answers: str | LLMError) -> tuple[ReviewReport, ScriptedProvider]:
    provider = ScriptedProvider(*answers)
    return review_digest(digest, chain=chain_of(provider, model="judge")), provider


def test_a_verdict_is_stored_with_the_checks_and_fits_the_schema(digest: Digest) -> None:
    report, provider = review(digest, GOOD)

    assert (report.status, report.coverage, report.faithfulness, report.language) == (
        "reviewed",
        0.9,
        1.0,
        1.0,
    )
    assert report.has_passed is True
    assert (report.provider, report.model) == ("scripted", "judge")
    assert report.report_id == identify_report(digest.digest_id, provider="scripted", model="judge")
    (asked,) = provider.prompts
    assert asked.purpose is Purpose.REVIEW
    assert [turn.content for turn in asked.turns] == [
        f"[1] 00:01 {BRIDGE}",
        f"[2] 00:02 {THEATRE}",
        "(1) Мост через Лугу открыт за 1,2 млрд рублей. [1]",
        "(2) Театр отремонтируют. [2]",
    ]
    check_record(build_review_record(report), schema=REVIEW_REPORT)


def test_a_digest_is_reviewed_once_by_each_reviewer(digest: Digest) -> None:
    first, _ = review(digest, GOOD)
    again, asked = review(digest, "другое")
    other = review_digest(digest, chain=chain_of(OfflineProvider()))

    assert (again.pk, asked.prompts) == (first.pk, [])
    assert other.provider == "offline"
    assert ReviewReport.objects.count() == 2


def test_an_unreadable_answer_is_asked_for_again_with_its_fault(digest: Digest) -> None:
    report, provider = review(digest, "Прекрасно!", GOOD)

    assert report.status == ReviewStatus.REVIEWED
    assert "no JSON object" in provider.prompts[1].system_text

    second, _ = review(DigestFactory.create(channel_id=digest.channel_id, day="2026-03-11"), "Прекрасно!")
    assert (second.status, second.fault, second.coverage) == (ReviewStatus.INVALID, "no JSON object", None)
    check_record(build_review_record(second), schema=REVIEW_REPORT)


def test_a_reviewer_that_is_away_is_asked_another_time(digest: Digest) -> None:
    failed, _ = review(digest, Unavailable("down", provider="scripted"))
    assert (failed.status, failed.fault, failed.has_passed) == (ReviewStatus.FAILED, "unavailable", False)
    assert json.loads(failed.checks)["statements"] == 2

    mended, _ = review(digest, GOOD)
    assert (mended.pk, mended.status, mended.fault) == (failed.pk, ReviewStatus.REVIEWED, "")


@pytest.mark.parametrize(
    ("changed", "passes"), [({}, True), ({"faithfulness": 0.7}, False), ({"coverage": 0.4}, False)]
)
def test_a_poor_verdict_does_not_pass(digest: Digest, changed: dict[str, Any], passes: bool) -> None:
    assert review(digest, json.dumps(json.loads(GOOD) | changed))[0].has_passed is passes


def test_a_finding_does_not_pass_whatever_the_reviewer_says(digest: Digest) -> None:
    wrong = statements_as_json([Statement("Мост обошёлся в 7 млрд рублей.", (1,))])
    Digest.objects.filter(pk=digest.pk).update(statements=wrong)
    digest.refresh_from_db()

    report, _ = review(digest, GOOD)

    assert report.has_passed is False
    assert [found["kind"] for found in json.loads(report.checks)["findings"]] == ["figure"]


def test_of_a_long_day_the_reviewer_sees_the_cited_posts_first(digest: Digest, settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 1_000
    long_day = make_day(*[f"Новость {number}. " + "Подробности о ней. " * 30 for number in range(8)])
    Digest.objects.filter(pk=digest.pk).update(
        raw_posts=posts_as_json(long_day.posts),
        statements=statements_as_json([Statement("Новость 7.", (8,))]),
    )
    digest.refresh_from_db()

    report, provider = review(digest, GOOD)

    seen = [turn.content for turn in provider.prompts[0].turns]
    assert any(turn.startswith("[8] ") for turn in seen)
    assert len(seen) < 9
    assert f"не хватило места: {9 - len(seen)}" in json.loads(report.remarks)["remarks"][-1]


def test_the_offline_reviewer_says_that_it_is_one(digest: Digest) -> None:
    report = review_digest(digest, chain=chain_of(OfflineProvider()))

    assert report.status == ReviewStatus.REVIEWED
    assert (report.coverage, report.language) == (1.0, 1.0)
    assert json.loads(report.remarks)["remarks"] == ["Проверено без модели, по совпадению слов."]
