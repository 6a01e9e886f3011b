"""Russian words with their forms written out, and numerals that agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

CASES = "ngdaip"
"""Nominative, genitive, dative, accusative, instrumental, prepositional."""

MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
WEEKDAYS = (
    "в понедельник",
    "во вторник",
    "в среду",
    "в четверг",
    "в пятницу",
    "в субботу",
    "в воскресенье",
)

_TEENS = range(11, 15)
_THOUSANDS_SPLIT_FROM = 10_000
"""Four digits are written together in Russian, five and more are grouped."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a name. `stem` is what every form of a name has in it; "" for a word that is no name."""

    forms: tuple[str, ...]
    stem: str = ""
    is_feminine: bool = False

    def form(self, mark: str) -> str:
        """Give the form for a letter of `CASES`, or for a number counted from 1."""
        if mark.isdigit():
            return self.forms[int(mark) - 1]
        return self.forms[CASES.index(mark)]

    def agree(self, words: list[str]) -> str:
        """Choose between the masculine and the feminine."""
        return words[int(self.is_feminine)]


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number; a decimal one has `tenths` and is written with a comma."""

    value: int
    is_tenths: bool = False

    def form(self, mark: str) -> str:
        return self.text

    @property
    def text(self) -> str:
        if self.is_tenths:
            return f"{self.value // 10},{self.value % 10}"
        return f"{self.value:,}".replace(",", " ") if self.value >= _THOUSANDS_SPLIT_FROM else str(self.value)

    def agree(self, words: list[str]) -> str:
        """Choose of three forms (1, 2, 5), or of two where the whole phrase is in the genitive (1, other)."""
        is_one = self.value % 10 == 1 and self.value % 100 not in _TEENS
        if is_one:
            return words[0]
        is_few = self.value % 10 in {2, 3, 4} and self.value % 100 not in _TEENS
        return words[1] if is_few else words[-1]


@dataclass(frozen=True, slots=True)
class Day:
    """A date. Its form `w` says when by the day of the week ("в пятницу")."""

    value: date

    def form(self, mark: str) -> str:
        return WEEKDAYS[self.value.weekday()] if mark == "w" else self.text

    @property
    def text(self) -> str:
        return f"{self.value.day} {MONTHS[self.value.month - 1]}"

    def agree(self, words: list[str]) -> str:
        raise TypeError("a date agrees with nothing")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, by minutes since midnight."""

    minute: int

    def form(self, mark: str) -> str:
        return f"{self.minute // 60}:{self.minute % 60:02}"

    def agree(self, words: list[str]) -> str:
        raise TypeError("a time agrees with nothing")


Value = Word | Count | Day | Clock


SYNONYMS: dict[str, str] = {
    "сообщил": "рассказал",
    "сообщила": "рассказала",
    "сообщили": "рассказали",
    "рассказал": "поведал",
    "рассказала": "поведала",
    "говорит": "отмечает",
    "откроется": "начнёт работу",
    "откроют": "планируют открыть",
    "пройдёт": "состоится",
    "состоится": "пройдёт",
    "начнётся": "стартует",
    "завершат": "закончат",
    "закончат": "завершат",
    "завершился": "закончился",
    "нашли": "обнаружили",
    "почти": "практически",
    "потребуется": "понадобится",
    "представил": "показал",
    "представила": "показала",
    "победил": "обыграл",
    "обыграла": "победила",
    "выросла": "увеличилась",
    "подорожали": "прибавили в цене",
    "построит": "возведёт",
    "закупили": "приобрели",
    "Кроме того": "К тому же",
    "готовит": "репетирует",
    "принимает": "встречает",
    "обновляют": "приводят в порядок",
}
"""Words that a repeat may put for others; each governs the same cases as what it stands for."""
