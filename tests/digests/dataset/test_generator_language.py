"""The synthetic channels' Russian, by the rules that can be checked by rule."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from digests.dataset.generator import CHANNELS, generate_day


@pytest.fixture(scope="module")
def texts() -> list[str]:
    month = [
        generate_day(channel, date(2025, 9, 1) + timedelta(days=at), seed=11)
        for channel in CHANNELS
        for at in range(30)
    ]
    posts = [post.text for day in month for post in day.posts]
    return posts + [fact.statement for day in month for fact in day.facts]


def test_the_typing_is_clean(texts: list[str]) -> None:
    assert [
        text for text in texts if re.search(r"[{}\[\]|~*_<>#]| {2}| [,.!?:;]|\(\)|[.,]{2}|^\s|\s$", text)
    ] == []
    assert [text for text in texts if text.count("«") != text.count("»") or '"' in text] == []
    assert [text for text in texts if re.search(r" - | – |(?<=\w)—|—(?=\w)", text)] == []
    assert [text for text in texts if not re.search(r"[.!?»\d\w;)]$", text)] == []
    assert [text for text in texts if re.search(r"[.!?] [а-яё]", text)] == []
    assert [text for text in texts if re.search(r"[A-Za-z]", re.sub(r"erid: \w+$", "", text))] == []
    assert [text for text in texts if re.search(r"\b(\w+) \1\b", text, re.IGNORECASE)] == []


SINGULAR = {
    "рубль", "рублю", "копейка", "копейку", "дом", "процент", "проценте", "миллион", "миллионе", "год",
    "день", "место", "машина", "машину", "метр", "километр", "участник", "экземпляр", "тысяча", "тысячу",
    "неделя", "неделю", "секунда", "секунду", "минута", "минуту", "медаль", "предмет", "билет", "рейс",
}  # fmt: skip
GENITIVE = {
    "рубля", "копейки", "дома", "человека", "процента", "миллиона", "года", "дня", "места", "машины",
    "метра", "километра", "участника", "экземпляра", "тысячи", "недели", "секунды", "минуты", "медали",
    "предмета", "билета", "рейса",
}  # fmt: skip
PLURAL = {
    "рублей", "копеек", "домов", "процентов", "процентах", "миллионов", "миллионах", "лет", "дней", "мест",
    "машин", "метров", "километров", "участников", "экземпляров", "тысяч", "недель", "секунд", "минут",
    "медалей", "предметов", "билетов", "рейсов",
}  # fmt: skip
BOTH = {"человек"}
"""One person and five of them are written alike."""


def agrees(number: str, tenths: str | None, noun: str) -> bool:
    """One goes with the singular, two to four with its genitive, others with the plural; oblique cases are let pass."""
    if tenths:
        return noun in GENITIVE
    value = int(number.replace(" ", ""))
    ends = 0 if value % 100 in range(11, 15) else value % 10
    if ends == 1:
        return noun in SINGULAR | GENITIVE | BOTH
    return noun in (GENITIVE | PLURAL | BOTH if ends in {2, 3, 4} else PLURAL | BOTH)


def test_numerals_agree_with_their_nouns(texts: list[str]) -> None:
    known = SINGULAR | GENITIVE | PLURAL | BOTH
    pairs = [
        (found[0], agrees(found[1], found[2], found[3]))
        for text in texts
        for found in re.finditer(r"(?<![\d,:])((?:\d+ )?\d+)(,\d+)? ([а-яё]+)", text)
        if found[3] in known
    ]

    assert len(pairs) > 1000
    assert [written for written, is_right in pairs if not is_right] == []


def test_one_at_the_end_of_a_number_takes_a_verb_in_the_singular(texts: list[str]) -> None:
    plural = re.compile(r"[а-яё]+(?:ли|ют|ут|ят|ат|аны|ены|яты) (?:\d+ )?\d*(?<!1)1 ([а-яё]+)")
    subjects = {
        "спасатель", "человек", "фермер", "коллектив", "участник", "мастер", "артист", "школьник", "доброволец",
        "шахматист", "зритель", "предприятие", "бригада", "машина", "дом",
    }  # fmt: skip

    assert [found[0] for text in texts for found in plural.finditer(text) if found[1] in subjects] == []
