from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from rouge_score_rs.rouge_scorer import RougeScorer

from digests.benchmark.rouge import score_overlap
from digests.benchmark.scoring import METRIC_NAMES, METRICS, ExpectedFact, Scores, score_digest
from digests.domain.day import DayPosts, Post, Statement


def post(number: int, text: str, *, is_ad: bool = False, repeats: int | None = None) -> Post:
    return Post(
        message_id=number,
        posted_at=datetime(2025, 3, 14, 9, number, tzinfo=UTC),
        text=text,
        is_ad=is_ad,
        repeats=repeats,
    )


BRIDGE = post(1, "Мэр Приозёрска Лугин открыл мост за 1 200 000 рублей.")
BRIDGE_AGAIN = post(2, "В Приозёрске открыт мост за 1,2 млн рублей, сообщил мэр Лугин.", repeats=1)
SCHOOL = post(3, "Школа №5 закрыта до 17 марта. Ремонт труб начнут завтра.")
AD = post(4, "Реклама. Скидки 50 % на мебель!", is_ad=True)
GREETING = post(5, "Доброе утро, горожане и гости!")
DAY = DayPosts("c", date(2025, 3, 14), (BRIDGE, BRIDGE_AGAIN, SCHOOL, AD, GREETING))
FACTS = (
    ExpectedFact("В Приозёрске открыли мост за 1,2 млн рублей", (1, 2)),
    ExpectedFact("Школу закрыли до 17 марта", (3,)),
    ExpectedFact("Начинается ремонт школьных труб", (3,)),
)


def test_a_good_digest_scores_well_and_its_overlap_is_with_the_reference() -> None:
    said = (
        Statement("В Приозёрске открыли мост за 1,2 млн рублей.", (1, 2)),
        Statement("Школа закрыта до 17 марта из-за ремонта труб.", (3,)),
    )
    reference = "\n".join(statement.text for statement in said)

    scores = score_digest(said, DAY, facts=FACTS, reference=reference)

    assert scores == Scores(
        faithfulness=1.0,
        supported_content=1.0,
        fact_coverage=pytest.approx(2 / 3),  # that the repair begins is said in too few of the fact's words
        post_coverage=pytest.approx(2 / 3),
        compression_ratio=pytest.approx(len(reference) / sum(len(one.text) for one in DAY.posts)),
        russian=1.0,
        valid_links=1.0,
        ad_leakage=0.0,
        duplicate_leakage=0.0,
        rouge_1=1.0,
        rouge_2=1.0,
        rouge_l=1.0,
        chrf=pytest.approx(1.0),
    )


def test_each_fault_of_a_bad_digest_shows_in_its_own_score() -> None:
    said = (
        Statement("Мост открыли за 1 300 000 рублей.", (1,)),
        Statement("Мост открыли за 1 200 000 рублей.", (2,)),
        Statement("The school is closed.", (99,)),
        Statement("Скидки 50 % на мебель.", (4,)),
    )

    scores = score_digest(said, DAY, facts=FACTS)

    assert scores.faithfulness == 2 / 4  # a wrong sum, and a statement without a post
    assert scores.fact_coverage == pytest.approx(1 / 3)
    assert scores.post_coverage == pytest.approx(1 / 3)
    assert scores.russian == 3 / 4
    assert scores.valid_links == 3 / 4
    assert scores.ad_leakage == 1 / 4
    assert scores.duplicate_leakage == 1 / 4
    assert scores.rouge_1 is None


def test_two_statements_of_one_long_post_are_no_duplicates() -> None:
    said = (Statement("Школа закрыта до 17 марта.", (3,)), Statement("Завтра начнут ремонт труб.", (3,)))

    assert score_digest(said, DAY).duplicate_leakage == 0.0


def test_a_digest_without_statements_covers_nothing_and_has_nothing_to_judge() -> None:
    scores = score_digest((), DAY, facts=FACTS, reference="Мост открыт")

    assert (scores.fact_coverage, scores.post_coverage, scores.compression_ratio) == (0.0, 0.0, 0.0)
    assert (scores.faithfulness, scores.valid_links, scores.russian, scores.ad_leakage) == (None,) * 4
    assert (scores.rouge_1, scores.chrf) == (0.0, 0.0)


def test_a_day_without_posts_has_no_coverage_or_ratio() -> None:
    scores = score_digest((), DayPosts("c", date(2025, 3, 14), ()))

    assert {getattr(scores, name) for name in METRIC_NAMES} == {None}


def test_every_score_is_explained() -> None:
    assert tuple(metric.name for metric in METRICS) == METRIC_NAMES


def test_rouge_s_own_tokenizer_sees_no_russian_and_ours_does() -> None:
    text = "Мэр открыл новый парк"

    assert RougeScorer(["rouge1"]).score(text, text)["rouge1"].fmeasure == 0.0
    assert score_overlap(text, text).rouge_1 == 1.0


def test_rouge_is_counted_over_stems_as_by_hand() -> None:
    overlap = score_overlap("Мэры открыли парки", "Мэр открыл новый парк")

    assert overlap.rouge_1 == pytest.approx(6 / 7)  # 3 of 3 stems, 3 of 4
    assert overlap.rouge_2 == pytest.approx(2 / 5)  # 1 of 2 pairs, 1 of 3
    assert overlap.rouge_l == pytest.approx(6 / 7)


def test_chrf_is_the_f_score_of_runs_of_letters_with_recall_counting_double() -> None:
    # «абв» and «абг»: 2 of 3 letters, 1 of 2 pairs, 0 of 1 triple, nothing longer; precision is recall.
    assert score_overlap("абв", "абг").chrf == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
