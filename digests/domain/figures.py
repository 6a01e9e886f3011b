"""Numbers, dates and times of a Russian text in a form that can be compared: «1 200», «1200» and «1,2 тыс.» are one.

A figure may be read in more ways than one («14.03» is a date, a time or a decimal fraction): it is found in another
text if any reading of the one is a reading of the other. Forms: `1200`, `1.5`, `12%`, `date:14.03`, `time:18:30`,
`year:2025`. Signs, units and currencies are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from digests.domain.numerals import loosely_stated, scale_of, worded_numbers

APPROXIMATION = Decimal("0.05")  # «около 1,2 млн» for 1 187 000: two figures' rounding is off by less
NUMBER_MAX_DIGITS = 18  # longer ones are keys and accounts, compared as they are written

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f\u2007", " "))
_LINK = re.compile(r"https?://\S+|\bt\.me/\S+|@\w+")
_MONTH_STEMS = "январ феврал март апрел ма июн июл август сентябр октябр ноябр декабр"
_MONTHS = tuple(_MONTH_STEMS.split())
_MONTH = "|".join(rf"{stem}(?:я|а|ь|е)?" if stem != "ма" else "ма[йяе]" for stem in _MONTHS)
_TOKEN = re.compile(
    rf"""(?<![\d.,:])(?:
    (?P<iso>(?P<iso_y>\d{{4}})-(?P<iso_m>\d\d)-(?P<iso_d>\d\d)(?!\d))
    | (?P<dotted>(?P<dot_d>\d?\d)\.(?P<dot_m>\d\d)\.(?P<dot_y>\d{{4}}|\d\d)(?!\d))
    | (?P<worded>(?P<word_d>\d?\d)(?:-?го|-?е)?\ +(?P<word_m>{_MONTH})\b(?:\ +(?P<word_y>\d{{4}}))?)
    | (?P<clock>(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?!\d))
    | (?P<number>(?:\d{{1,3}}(?:\ \d{{3}})+(?!\d)|\d+)(?:[.,]\d+)?)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_UNIT = r" ?(?P<percent>%|процент\w*|п\. ?п\.)| ?(?P<scale>[а-яё]+)"
_TAIL = re.compile(_UNIT, re.IGNORECASE)
_RANGE_TAIL = re.compile(rf"(?: ?[–—-] ?| до | и )\d+(?:[.,]\d+)?(?:{_UNIT})", re.IGNORECASE)
_RANGE_OF_DAYS = re.compile(rf"(?: ?[–—-] ?| и )\d?\d +(?P<month>{_MONTH})\b", re.IGNORECASE)
_DAY_OR_CLOCK = re.compile(r"(\d\d?)\.(\d\d)")
_YEAR = re.compile(r" ?(?:год|гг?\b)", re.IGNORECASE)
_HOUR = re.compile(r" ?(?:час|ч\b)", re.IGNORECASE)
_AFTERNOON = re.compile(r" (?:час\w* )?(?P<part>утра|дня|вечера)\b", re.IGNORECASE)
_HEDGE = re.compile(
    r"(?:около|почти|примерно|приблизительно|порядка|более|больше|свыше|менее|меньше|чем) $", re.IGNORECASE
)
_HEDGE_CHARS = 20
_RELATIVE_DAY = re.compile(r"\b(?:сегодня\w*|вчера\w*|завтра\w*|накануне)\b", re.IGNORECASE)
_LAST_HOUR_OF_CLOCK = 12


@dataclass(frozen=True, slots=True)
class Figure:
    """`readings` are what `text` may mean; `implied` is what else it gives grounds for («12 %» for a bare «12»)."""

    text: str
    readings: frozenset[str]
    implied: frozenset[str] = frozenset()
    is_approximate: bool = False


@dataclass(frozen=True, slots=True)
class Grounds:
    """The readings of figures that texts contain, to look figures of another text up in."""

    readings: frozenset[str] = field(default_factory=frozenset)

    def hold(self, figure: Figure) -> bool:
        """Tell whether the figure is among them, or one that it rounds."""
        if not self.readings.isdisjoint(figure.readings):
            return True
        return figure.is_approximate and any(self._hold_near(reading) for reading in figure.readings)

    def _hold_near(self, reading: str) -> bool:
        value = _value_of(reading)
        if value is None:
            return False
        others = (_value_of(other) for other in self.readings if other.endswith("%") == reading.endswith("%"))
        return any(other is not None and abs(other - value) <= APPROXIMATION * abs(value) for other in others)


@dataclass(frozen=True, slots=True)
class _Scaled:
    """A number like «2 млн»: its value, its scale and where it ends."""

    value: Decimal
    scale: Decimal
    end: int

    def continues(self, other: _Scaled, between: str) -> bool:
        return self.scale < other.scale and between in {" ", ". "}


def figures_of(text: str) -> tuple[Figure, ...]:
    """Return the figures of a text in digits, then those in words; those of links and user names are none."""
    plain = _LINK.sub(" ", text.translate(_SPACES))
    worded = tuple(Figure(written, frozenset({_written(value)})) for written, value in worded_numbers(plain))
    return (*_digits_of(plain), *worded)


def grounds_of(texts: Iterable[str], *, posted_at: Iterable[datetime] = ()) -> Grounds:
    """Gather what the texts give grounds for.

    `posted_at` are the times they were posted at: their years are taken as said, and the days about them where a text
    says «сегодня», «вчера» or «завтра» (one day either way: a post does not tell whose midnight it means).
    """
    readings: set[str] = set()
    is_relative = False
    for text in texts:
        is_relative = is_relative or bool(_RELATIVE_DAY.search(text))
        readings |= loosely_stated(text)
        for figure in figures_of(text):
            readings |= figure.readings | figure.implied
    for moment in posted_at:
        readings.add(f"year:{moment.year}")
        if is_relative:
            readings |= {_day_of(moment + timedelta(days=shift)) for shift in (-1, 0, 1)}
    return Grounds(frozenset(readings))


def _digits_of(text: str) -> list[Figure]:
    """Return the figures written in digits; either part of «2 млн 300 тыс.» may be read as the whole of it."""
    found: list[Figure] = []
    previous: _Scaled | None = None
    for match in _TOKEN.finditer(text):
        if match["number"] is None:
            found.append(_date_or_time(match))
            continue
        figure, scaled = _number(text, match)
        if scaled and previous and scaled.continues(previous, text[previous.end : match.start()]):
            whole = frozenset({_written(previous.value + scaled.value)})
            found[-1] = replace(found[-1], readings=found[-1].readings | whole)
            figure = replace(figure, readings=figure.readings | whole)
        found.append(figure)
        previous = scaled
    return found


def _date_or_time(match: re.Match[str]) -> Figure:
    if match["clock"]:
        hour = int(match["hour"])
        return Figure(match[0], frozenset({f"time:{hour}:{match['minute']}"}), frozenset({str(hour)}))
    if match["worded"]:
        day, month, year = match["word_d"], f"{_month_number(match['word_m'])}", match["word_y"]
    elif match["iso"]:
        day, month, year = match["iso_d"], match["iso_m"], match["iso_y"]
    else:
        day, month, year = match["dot_d"], match["dot_m"], match["dot_y"]
    years = {year, f"year:{year}"} if year else set()
    return Figure(match[0], frozenset({_date(day, month)}), frozenset({_written(Decimal(day))} | years))


def _number(text: str, match: re.Match[str]) -> tuple[Figure, _Scaled | None]:
    compact, end = match["number"].replace(" ", "").replace(",", "."), match.end()
    if len(compact) > NUMBER_MAX_DIGITS:
        return Figure(match["number"], frozenset({compact})), None
    value = Decimal(compact)
    readings, implied = {_written(value)}, set[str]()
    tail, scaled = _TAIL.match(text, end), None
    if tail and tail["percent"]:
        readings, implied = {f"{_written(value)}%"}, readings
        end = tail.end()
    elif tail and (scale := scale_of(tail["scale"])):
        readings = {_written(value * scale)}
        end = tail.end()
        scaled = _Scaled(value * scale, scale, end)
    else:
        readings.update(_other_readings(text, match, value))
    is_approximate = bool(_HEDGE.search(text, max(0, match.start() - _HEDGE_CHARS), match.start()))
    return Figure(text[match.start() : end], frozenset(readings), frozenset(implied), is_approximate), scaled


def _other_readings(text: str, match: re.Match[str], value: Decimal) -> Iterator[str]:
    """Yield what a bare number may mean by what stands after it or by its own shape."""
    raw, end = match["number"], match.end()
    if _YEAR.match(text, end):
        yield f"year:{raw}"
    if ranged := _RANGE_TAIL.match(text, end):
        scale = scale_of(ranged["scale"] or "")
        if ranged["percent"] or scale:
            yield f"{_written(value)}%" if ranged["percent"] else _written(value * (scale or 1))
    if days := _RANGE_OF_DAYS.match(text, end):
        yield _date(raw, str(_month_number(days["month"])))
    if shape := _DAY_OR_CLOCK.fullmatch(raw):
        yield _date(shape[1], shape[2])
        yield f"time:{int(shape[1])}:{shape[2]}"
    yield from _hours(text, end, value)


def _hours(text: str, end: int, value: Decimal) -> Iterator[str]:
    if value != value.to_integral_value():
        return
    if _HOUR.match(text, end):
        yield f"time:{value}:00"
    part = _AFTERNOON.match(text, end)
    if part and value <= _LAST_HOUR_OF_CLOCK:
        is_late = part["part"].casefold() != "утра" and value < _LAST_HOUR_OF_CLOCK
        yield f"time:{value + _LAST_HOUR_OF_CLOCK if is_late else value}:00"


def _value_of(reading: str) -> Decimal | None:
    return None if ":" in reading or len(reading) > NUMBER_MAX_DIGITS * 2 else Decimal(reading.rstrip("%"))


def _month_number(word: str) -> int:
    folded = word.casefold()
    return next(number for number, stem in enumerate(_MONTHS, start=1) if _is_month(folded, stem))


def _is_month(word: str, stem: str) -> bool:
    return word in {"май", "мая", "мае"} if stem == "ма" else word.startswith(stem)


def _day_of(moment: datetime) -> str:
    return _date(str(moment.day), str(moment.month))


def _date(day: str, month: str) -> str:
    return f"date:{int(day)}.{int(month):02d}"


def _written(value: Decimal) -> str:
    return format(value.normalize(), "f")
