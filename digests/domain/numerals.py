"""Russian number words and what they come to: «двадцать пять» is 25, «полторы тысячи» 1500, «третье место» 3."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

# «Один» says «some» as often as «1», so it counts after a ten or a hundred only. «Семью» is left out: a family.
_FORMS = {
    "1": "один одна одно одного одной одному одну одним одном",
    "1.5": "полтора полторы полутора",
    "2": "два две двух двум двумя двое двоих двоим",
    "3": "три трех трем тремя трое троих троим",
    "4": "четыре четырех четырем четырьмя четверо четверых четверым",
    "5": "пять пяти пятью пятеро пятерых",
    "6": "шесть шести шестью шестеро шестерых",
    "7": "семь семи семеро семерых",
    "8": "восемь восьми восемью восьмью",
    "9": "девять девяти девятью",
    "10": "десять десяти десятью",
    "11": "одиннадцать одиннадцати одиннадцатью",
    "12": "двенадцать двенадцати двенадцатью",
    "13": "тринадцать тринадцати тринадцатью",
    "14": "четырнадцать четырнадцати четырнадцатью",
    "15": "пятнадцать пятнадцати пятнадцатью",
    "16": "шестнадцать шестнадцати шестнадцатью",
    "17": "семнадцать семнадцати семнадцатью",
    "18": "восемнадцать восемнадцати восемнадцатью",
    "19": "девятнадцать девятнадцати девятнадцатью",
    "20": "двадцать двадцати двадцатью",
    "30": "тридцать тридцати тридцатью",
    "40": "сорок сорока",
    "50": "пятьдесят пятидесяти пятьюдесятью",
    "60": "шестьдесят шестидесяти шестьюдесятью",
    "70": "семьдесят семидесяти семьюдесятью",
    "80": "восемьдесят восьмидесяти восемьюдесятью",
    "90": "девяносто девяноста",
    "100": "сто ста",
    "200": "двести двухсот двумстам",
    "300": "триста трехсот тремстам",
    "400": "четыреста четырехсот",
    "500": "пятьсот пятисот",
    "600": "шестьсот шестисот",
    "700": "семьсот семисот",
    "800": "восемьсот восьмисот",
    "900": "девятьсот девятисот",
}
_VALUES = {form: Decimal(value) for value, forms in _FORMS.items() for form in forms.split()}
_ONE = Decimal(1)

_SCALES = (
    (re.compile(r"тыс|тысяч(?:а|и|у|е|ей|ам|ами|ах)?"), Decimal(1_000)),
    (re.compile(r"млн|миллион(?:а|у|ом|е|ы|ов|ам|ами|ах)?"), Decimal(1_000_000)),
    (re.compile(r"млрд|миллиард(?:а|у|ом|е|ы|ов|ам|ами|ах)?"), Decimal(1_000_000_000)),
    (re.compile(r"трлн|триллион(?:а|у|ом|е|ы|ов|ам|ами|ах)?"), Decimal(1_000_000_000_000)),
)

_ORDINAL_STEMS = (  # from 1 on
    "перв втор трет четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат "
    "шестнадцат семнадцат восемнадцат девятнадцат двадцат"
)
_ORDINALS = {stem: str(value) for value, stem in enumerate(_ORDINAL_STEMS.split(), start=1)}
_ORDINAL = re.compile(
    rf"({'|'.join(sorted(_ORDINALS, key=len, reverse=True))})"
    r"(?:ый|ий|ой|ая|ое|ого|ому|ым|ом|ую|ые|ых|ья|ье|ьего|ьему|ьим|ьем|ью|ьей|ьи|ьих)"
)
_LOOSE = {  # what a number may be made of, though it is none itself
    "вдвое": "2",
    "втрое": "3",
    "вчетверо": "4",
    "половина": "50%",
    "половину": "50%",
    "половины": "50%",
    "четверть": "25%",
    "четверти": "25%",
    "тысяча": "1000",
    "тысячу": "1000",
    "миллион": "1000000",
    "миллиард": "1000000000",
}
_WORD = re.compile(r"[а-яё]+", re.IGNORECASE)


def scale_of(word: str) -> Decimal | None:
    """Return 1000 for «тыс» and every form of «тысяча», and so on to trillions; None for any other word."""
    folded = word.casefold()
    return next((scale for pattern, scale in _SCALES if pattern.fullmatch(folded)), None)


def worded_numbers(text: str) -> Iterator[tuple[str, Decimal]]:
    """Yield the numbers written as words, as written and as values; a lone «один» is none."""
    run: list[re.Match[str]] = []
    total, last = Decimal(0), Decimal(0)
    for match in _WORD.finditer(text):
        value = _VALUES.get(_fold(match.group()))
        is_next = bool(run) and text[run[-1].end() : match.start()].isspace()
        if run and is_next and value is not None and value < _room_below(last):
            run, total, last = [*run, match], total + value, value
            continue
        if run:
            scale = scale_of(match.group()) if is_next else None
            yield from _finish(text, run, total, scale, match)
        run, total, last = ([match], value, value) if value is not None else ([], Decimal(0), Decimal(0))
    if run:
        yield from _finish(text, run, total, None, run[-1])


def loosely_stated(text: str) -> set[str]:
    """Return what ordinals and words like «вдвое» or «половина» give grounds for, though they are no numbers."""
    words = {_fold(word) for word in _WORD.findall(text)}
    ordinals = {_ORDINALS[match[1]] for word in words if (match := _ORDINAL.fullmatch(word))}
    return ordinals | {_LOOSE[word] for word in words & _LOOSE.keys()}


def _finish(
    text: str, run: list[re.Match[str]], total: Decimal, scale: Decimal | None, following: re.Match[str]
) -> Iterator[tuple[str, Decimal]]:
    if total == _ONE and scale is None:
        return
    end = run[-1].end() if scale is None else following.end()
    yield text[run[0].start() : end], total * (scale or _ONE)


def _room_below(value: Decimal) -> Decimal:
    """Return what the next word of the same number is less than: units come after tens, tens after hundreds."""
    if value >= 100:  # noqa: PLR2004
        return Decimal(100)
    return Decimal(10) if value >= 20 else Decimal(0)  # noqa: PLR2004


def _fold(word: str) -> str:
    return word.casefold().replace("ё", "е")
