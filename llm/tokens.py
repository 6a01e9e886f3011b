"""Token counts without a tokenizer: what a script's letters, digits and spaces cost in each model family.

The first byte of every UTF-8 sequence tells the script, so counting is one pass of `bytes.translate` per class. A text
costs the sum over its characters of the class's weight, and a few letters of other languages, which tell that a text is
no Russian, cost extra. The weights were fitted to real vocabularies and then raised by a tenth.

The error per language and family, what could not be measured, and how to measure and fit again: docs/tokens.md.
"""

from __future__ import annotations

import math
import re
import string
from functools import lru_cache
from itertools import repeat

LOWER = string.ascii_lowercase.encode()
UPPER = string.ascii_uppercase.encode()
DIGITS = string.digits.encode()
ASCII_REST = bytes(code for code in range(0x80) if code not in LOWER + UPPER + DIGITS + b" ")

ASCII_CLASSES = (
    LOWER,
    UPPER,  # dearer: keys and base64 are full of it
    b" ",
    DIGITS,
    ASCII_REST,
)
OTHER_CLASSES = (
    bytes([0xD0, 0xD1]),  # Cyrillic of the Slavic languages, U+0400 to U+047F
    bytes([0xD2, 0xD3]),  # Cyrillic of the others, U+0480 to U+04FF
    bytes(range(0xC3, 0xCA)),  # accented Latin
    bytes([*range(0xCA, 0xD0), *range(0xD4, 0xE0)]),  # other two-byte scripts: Greek, Hebrew, Arabic
    bytes(range(0xE3, 0xEE)),  # Chinese, Japanese, Korean
    bytes([0xC2, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF]),  # Indian scripts, Thai, typographic signs
    bytes(range(0xF0, 0xF5)),  # beyond U+FFFF: emoji
)
NOT_FIRST_BYTES = bytes(range(0xC0))  # ASCII, and what follows the first byte of a sequence
# Ukrainian and Belarusian, Serbian and Macedonian: their words are split more finely than Russian ones.
TELLING_LETTERS = ("і", "ј")

OTHERS_FROM = len(ASCII_CLASSES)
LETTERS_FROM = OTHERS_FROM + len(OTHER_CLASSES)

Weights = tuple[float, ...]
"""Tokens per character of each class, ASCII first; then per telling letter, beside what it costs as Cyrillic."""


# The columns:   a     A     " "   1     .,    я     ә     é     α     字    «    emoji і     ј
GPT_4: Weights = (0.21, 0.88, 0.34, 0.98, 0.46, 0.57, 4.29, 2.35, 1.1, 1.15, 1.34, 2.43, 1.61, 4.37)
GPT_4O: Weights = (0.23, 0.74, 0.25, 0.95, 0.54, 0.33, 1.26, 1.19, 0.43, 0.81, 0.46, 2.08, 0.78, 3.27)
QWEN: Weights = (0.23, 0.71, 0.28, 1.56, 0.48, 0.43, 3.36, 2.07, 0.63, 0.78, 0.93, 1.14, 2.4, 4.88)
DEEPSEEK: Weights = (0.23, 0.87, 0.27, 0.93, 0.59, 0.39, 3.17, 2.05, 0.55, 0.75, 0.63, 2.2, 1.43, 2.68)
MISTRAL: Weights = (0.25, 0.72, 0.22, 1.53, 0.56, 0.38, 2.39, 1.47, 0.45, 0.9, 0.6, 4.4, 0.76, 1.69)
MISTRAL_V3: Weights = (0.24, 0.98, 0.25, 1.41, 0.75, 0.51, 3.19, 3.02, 1.23, 1.26, 1.22, 3.39, 0.59, 1.22)
GEMINI: Weights = (0.23, 0.71, 0.25, 1.43, 0.74, 0.32, 2.26, 1.18, 0.48, 0.66, 0.43, 1.18, 1.12, 3.62)
LLAMA_3: Weights = (0.23, 0.81, 0.26, 0.97, 0.51, 0.39, 4.69, 1.55, 0.53, 0.83, 0.72, 2.43, 0.89, 5.11)
LLAMA_4: Weights = (0.23, 0.75, 0.28, 0.94, 0.54, 0.29, 2.06, 1.03, 0.49, 0.65, 0.46, 2.44, 1.15, 3.62)
UNKNOWN: Weights = tuple(
    map(max, GPT_4, GPT_4O, QWEN, DEEPSEEK, MISTRAL, MISTRAL_V3, GEMINI, LLAMA_3, LLAMA_4)
)

# The first that matches names the family: «deepseek-r1-distill-qwen» has Qwen's vocabulary.
FAMILIES: tuple[tuple[re.Pattern[str], Weights], ...] = (
    (re.compile(r"qwen|qwq"), QWEN),
    (re.compile(r"llama-?3|distill-llama"), LLAMA_3),
    (re.compile(r"llama-?4"), LLAMA_4),
    (re.compile(r"gemini|gemma"), GEMINI),
    (re.compile(r"gpt-3\.5|gpt-4(?![o.\d])"), GPT_4),
    (re.compile(r"gpt|(?:^|/)o[1-9]\b"), GPT_4O),
    (re.compile(r"mistral-7b|mixtral|(?:mis|pix)tral-large-24|codestral-2(?:2b|405)"), MISTRAL_V3),
    (re.compile(r"mistral|ministral|magistral|devstral|codestral|pixtral"), MISTRAL),
    (re.compile(r"deepseek"), DEEPSEEK),
)


def estimate_tokens(text: str, *, model: str = "") -> int:
    """Estimate how many tokens `text` is for the family of `model`, rather too many than too few.

    docs/tokens.md states the error. An empty text is 0 tokens, any other at least 1.
    """
    weights = _weights_of(model)
    encoded = text.encode("utf-8", "replace")
    cost = sum(map(_cost_of_class, repeat(encoded), ASCII_CLASSES, weights))
    if not text.isascii():
        first_bytes = encoded.translate(None, NOT_FIRST_BYTES)
        cost += sum(map(_cost_of_class, repeat(first_bytes), OTHER_CLASSES, weights[OTHERS_FROM:]))
        cost += sum(map(_cost_of_letter, repeat(text), TELLING_LETTERS, weights[LETTERS_FROM:]))
    return math.ceil(cost)


def _cost_of_class(encoded: bytes, byte_class: bytes, weight: float) -> float:
    return (len(encoded) - len(encoded.translate(None, byte_class))) * weight


def _cost_of_letter(text: str, letter: str, weight: float) -> float:
    return text.count(letter) * weight


@lru_cache(maxsize=256)
def _weights_of(model: str) -> Weights:
    name = model.lower()
    return next((weights for pattern, weights in FAMILIES if pattern.search(name)), UNKNOWN)
