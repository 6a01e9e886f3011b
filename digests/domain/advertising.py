"""Is a post an advertisement? Told by the marks that Russian law asks for, and by how advertisements talk.

Marks: federal law 38-FZ «О рекламе», art. 18.1: the word «реклама», who advertises, and an identifier (`erid`).
"""

from __future__ import annotations

import re

MARKS = re.compile(
    r"\berid\b|#реклама\b|^\W*реклама\W*$|на правах рекламы|реклама[.:]\s*(ООО|АО|ПАО|ИП)\b", re.I | re.M
)
# None of these makes an advertisement by itself: news speak of discounts and shops as well.
TALK = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"промокод\w*|по коду [A-ZА-Я0-9]{3,}",
        r"скидк\w+ (до |в )?\d+\s?%|минус \d+\s?%|\d+\s?% скидк\w+",
        r"переход\w+ по ссылке|жми\w*|ссылка в (профиле|описании|закрепе)|по ссылке ниже",
        r"успей\w*|только (сегодня|до конца|до \d)|количество (мест )?ограничено|спешите|не упустите",
        r"закаж\w+|оставь\w* заявку|запис\w+ (сейчас|по телефону)|купи\w*|приобре\w+|оформи\w*",
        r"подпис\w+ на (наш )?канал|подпишись|присоединяй\w+",
        r"бесплатн\w+ (доставк|консультаци|урок|марафон|вебинар|пробн)\w*",
        r"розыгрыш|дарим|подарок каждому|кешб[эе]к",
    )
)
TALK_ENOUGH = 3


def is_advertisement(text: str) -> bool:
    """Tell an advertisement by a mark, or by so many ways of advertising at once."""
    return bool(MARKS.search(text)) or sum(bool(way.search(text)) for way in TALK) >= TALK_ENOUGH
