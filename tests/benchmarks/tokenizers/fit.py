"""Fits the weights of `llm.tokens`: `.venv-tokenizers/bin/python -m tests.benchmarks.tokenizers.fit` prints them.

Least squares of the relative error with weights that are not negative, by coordinate descent, then raised by a tenth.
Fitted to the project's own pages, phrases and code, to generated text, and for other languages to the translations that
Django brings; to none of the texts that the estimates are tested on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from llm.tokens import ASCII_CLASSES, OTHER_CLASSES, TELLING_LETTERS
from tests.benchmarks.tokenizers.texts import cut_pieces, generate_figures, generate_json, generate_keys
from tests.benchmarks.tokenizers.vocabularies import CountTokens, load_counters

PROJECT = Path(__file__).parents[3]
DICE = 7  # others than those of the tested texts
ROUNDS = 3_000
RAISED = 1.1
PIECES = 400  # of each source

# What is fitted, and how much its error counts: the product's languages most.
OWN_TEXTS = (
    (9.0, "tests/benchmarks/tokenizers/fitted/ru.txt"),
    (9.0, "tests/benchmarks/tokenizers/fitted/en.txt"),
    (1.5, "README.ru.md", "docs/*.ru.md", "templates/phrases/ru/**/*", "templates/prompts/**/*.ru.txt"),
    (1.5, "README.md", "docs/*[!u].md", "templates/phrases/en/**/*", "templates/prompts/**/*.en.txt"),
)
OWN_CODE = ((0.3, "llm/*.py", "personalization/domain/*.py"), (0.2, "docs/*.json"))
LANGUAGES = {
    "ru": 1.0,
    "en_GB": 1.0,
    **dict.fromkeys(("uk", "be", "bg", "sr", "mk", "kk", "ky", "mn"), 0.5),
    **dict.fromkeys(("de", "fr", "es", "it", "pl", "cs", "pt", "tr", "fi"), 0.15),
    **dict.fromkeys(("zh_Hans", "zh_Hant", "ja", "ko", "el", "he", "ar", "fa", "hy", "ka", "hi", "th"), 0.2),
}
# What is not prose on a page: blocks and spans of code, tables, headings, addresses of links.
NOT_PROSE = re.compile(r"^```.*?^```|`[^`]*`|^[|#].*?$|\]\([^)]*\)|\{[^}]*\}", re.MULTILINE | re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{[^}]*\}|<[^>]*>")
TRANSLATION = re.compile(r'^msgstr(?:\[\d\])? ((?:"[^\n]*"\n)+)', re.MULTILINE)
EMOJI = range(0x1F600, 0x1F650)

Row = tuple[list[int], str, float]


def main() -> None:
    rows = list(_list_rows())
    for model, count in load_counters().items():
        weights = _fit(rows, count)
        print(f"{model:14}", tuple(round(weight * RAISED, 2) for weight in weights), flush=True)


def _list_rows() -> Iterator[Row]:
    for text, importance in _list_sources():
        pieces = cut_pieces(text)
        chosen = pieces[:: max(1, len(pieces) // PIECES)]
        yield from ((_count_classes(piece), piece, importance / len(chosen)) for piece in chosen)


def _list_sources() -> Iterator[tuple[str, float]]:
    for importance, *patterns in OWN_TEXTS:
        yield NOT_PROSE.sub(" ", _read_files(patterns)), importance
    for importance, *patterns in OWN_CODE:
        yield _read_files(patterns), importance
    for language, importance in LANGUAGES.items():
        yield _read_translation(language), importance
    dice = random.Random(DICE)
    yield generate_json(dice), 0.2
    yield generate_figures(dice), 0.2
    yield generate_keys(dice), 0.5
    yield "\n".join("".join(map(chr, dice.choices(EMOJI, k=30))) for _ in range(50)), 0.1


def _read_files(patterns: list[str]) -> str:
    paths = [path for pattern in patterns for path in sorted(PROJECT.glob(pattern)) if path.is_file()]
    return "\n".join(path.read_text() for path in paths)


def _read_translation(language: str) -> str:
    pattern = f".venv/lib/*/site-packages/django/**/locale/{language}/LC_MESSAGES/django.po"
    entries = (
        found for path in sorted(PROJECT.glob(pattern)) for found in TRANSLATION.findall(path.read_text())
    )
    lines = ("".join(part[1:-1] for part in entry.splitlines()) for entry in entries)
    text = "\n".join(line.replace("\\n", "\n").replace('\\"', '"') for line in lines if line)
    return PLACEHOLDER.sub("", text)


def _count_classes(piece: str) -> list[int]:
    encoded = piece.encode()
    classes = ASCII_CLASSES + OTHER_CLASSES
    counts = [len(encoded) - len(encoded.translate(None, byte_class)) for byte_class in classes]
    return counts + [piece.count(letter) for letter in TELLING_LETTERS]


def _fit(rows: list[Row], count: CountTokens) -> list[float]:
    size = len(rows[0][0])
    squares = [[0.0] * size for _ in range(size)]
    target = [0.0] * size
    for counts, piece, importance in rows:
        true = count(piece)
        shares = [amount / true for amount in counts]
        for i in range(size):
            target[i] += importance * shares[i]
            for j in range(size):
                squares[i][j] += importance * shares[i] * shares[j]
    weights = [0.3] * size
    for _ in range(ROUNDS):
        for i in range(size):
            slope = target[i] - sum(squares[i][j] * weights[j] for j in range(size))
            weights[i] = max(0.0, weights[i] + slope / squares[i][i])
    return weights


if __name__ == "__main__":
    main()
