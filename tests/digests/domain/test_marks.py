"""What is set apart from a day's news: advertisements and repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.domain.advertising import is_advertisement
from digests.domain.folding import fold_repeats
from tests.factories.digests import make_post

NEWS = "В Заречье открыли новый мост через реку Лугу, движение по нему начнётся в понедельник утром."
RETOLD = (
    "Сегодня в Заречье открыли новый мост через реку Лугу, движение по нему начнётся утром в понедельник."
)
OTHER = "Мэрия объявила конкурс на ремонт театра, заявки принимают до пятницы, победителя назовут в мае."


@pytest.mark.parametrize(
    "text",
    [
        "Курсы вождения со скидкой. Реклама. ООО «Колесо», ИНН 7700000000, erid: 2VtzqwX",
        "Реклама\nПриходите к нам",
        "На правах рекламы: лучшие окна",
        "Успейте купить! Скидка 30 % по промокоду ДОМ, переходите по ссылке",
    ],
)
def test_an_advertisement_is_told_by_its_marks_or_by_its_talk(text: str) -> None:
    assert is_advertisement(text)


@pytest.mark.parametrize(
    "text",
    [
        NEWS,
        "Магазин «Север» объявил о скидках до 20 % на школьную форму.",
        "Госдума рассмотрит закон о рекламе в интернете.",
        "Реклама на транспорте подорожает, решили в мэрии.",
    ],
)
def test_news_are_none_even_of_shops_and_of_advertising(text: str) -> None:
    assert not is_advertisement(text)


def test_a_retold_post_repeats_the_first_of_its_like() -> None:
    posts = [
        make_post(text, number=number) for number, text in enumerate([NEWS, OTHER, RETOLD, NEWS], start=1)
    ]

    assert [post.repeats for post in fold_repeats(posts)] == [None, None, 1, 1]


def test_greetings_and_other_news_are_no_repeats() -> None:
    changed = NEWS.replace("мост через реку Лугу", "бассейн при школе номер семь")
    texts = ["Доброе утро!", "Доброе утро!", NEWS, OTHER, changed]

    assert [post.repeats for post in fold_repeats([make_post(text) for text in texts])] == [None] * 5


@given(st.lists(st.sampled_from([NEWS, RETOLD, OTHER, "Доброе утро!", ""]), max_size=8))
def test_a_repeat_names_an_earlier_original_and_nothing_else_changes(texts: list[str]) -> None:
    posts = [make_post(text, number=number) for number, text in enumerate(texts, start=1)]
    folded = fold_repeats(posts)

    originals = {post.message_id for post in folded if post.repeats is None}
    assert [post.text for post in folded] == texts
    assert all(
        post.repeats in originals and post.repeats < post.message_id for post in folded if post.repeats
    )
    assert fold_repeats(folded) == folded
