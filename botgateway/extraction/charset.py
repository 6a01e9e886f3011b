"""The encoding of a text, with Russian ones first: a statistical detector takes a short note in them for Chinese."""

from __future__ import annotations

import codecs
import re

# All that is decoded here. The child loads them beforehand, as it may open no file once it looks at foreign bytes.
ENCODINGS = (
    *("utf_8", "utf_8_sig", "utf_16", "utf_16_le", "utf_16_be", "ascii", "latin_1"),
    *("cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic"),
    *("cp1250", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("iso8859_2", "iso8859_15", "iso8859_9", "cp437", "cp850", "cp852"),
    *("cp932", "shift_jis", "euc_jp", "gb18030", "gbk", "gb2312", "big5", "cp949", "euc_kr"),
)
_FALLBACK = "cp1252"
# More makes no answer better, and the detector's time grows with it.
_SAMPLE_BYTES = 64 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
# The first is what is meant when a few letters could be any.
_RUSSIAN = ("cp1251", "koi8_r", "cp866")
_RUSSIAN_LETTER = re.compile("[А-Яа-яЁёІіЇїЄєҐґЎў]")
_TYPOGRAPHY = re.compile("[ -\x7f\\s«»„“”‘’—–…№°©®±·•─-╿]")
_WORD = re.compile(r"[^\W\d_]+")
_RUSSIAN_WORD = re.compile("[А-ЯЁІЇЄҐЎ]?[а-яёіїєґў]+|[А-ЯЁІЇЄҐЎ]+")
# Five letters in six of any Russian text.
_FREQUENT = frozenset("оеаинтсрвлкмдпуя")
# Real Russian scores 0.7 to 1 in its own encoding and below 0.4 in another; European words below 0.2.
_RUSSIAN_FROM = 0.5

_UTF16_TEXT = re.compile("[\t\n\r -~\xa0-\u024f\u0400-\u04ff\u2010-\u2122]")
_UTF16_FROM = 0.9


def detect_encoding(sample: bytes) -> str:
    """Name the encoding of the text that begins with `sample`; one of `ENCODINGS`, never none."""
    sample = sample[:_SAMPLE_BYTES]
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if b"\0" in sample and (utf16 := detect_utf16(sample)):
        return utf16
    return "utf_8" if _is_utf8(sample) else _detect_russian(sample) or _guess(sample)


def detect_utf16(sample: bytes) -> str | None:
    """Name the UTF-16 in which nearly all of `sample` is European text, with or without a mark."""
    candidates = ("utf_16",) if sample.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf_16_le", "utf_16_be")
    for encoding in candidates:
        text = sample[: len(sample) // 2 * 2].decode(encoding, errors="ignore")
        if text and len(_UTF16_TEXT.findall(text)) >= _UTF16_FROM * len(sample) / 2 - 1:
            return encoding
    return None


def load_codecs() -> None:
    """Import everything that decoding needs, so that nothing is left to open later."""
    import charset_normalizer  # noqa: F401, PLC0415  # 30 ms that only files pay

    for encoding in ENCODINGS:
        codecs.lookup(encoding)


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf_8")().decode(sample)  # a letter cut in two at the end is no error
    except UnicodeDecodeError:
        return False
    return True


def _detect_russian(sample: bytes) -> str | None:
    scores = {encoding: _score_russian(sample.decode(encoding, errors="replace")) for encoding in _RUSSIAN}
    best = max(_RUSSIAN, key=lambda encoding: scores[encoding])
    return best if scores[best] >= _RUSSIAN_FROM else None


def _score_russian(text: str) -> float:
    """Rate 0 to 1: foreign letters are Russian, words are written as words, and letters are as frequent."""
    letters = _RUSSIAN_LETTER.findall(text)
    foreign = len(text) - len(_TYPOGRAPHY.findall(text))
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    if not letters or not words:
        return 0.0
    share = min(len(letters) / foreign, 1.0)
    written = sum(1 for word in words if _RUSSIAN_WORD.fullmatch(word)) / len(words)
    frequent = sum(1 for letter in letters if letter.lower() in _FREQUENT) / len(letters)
    return share * written * frequent


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415  # see load_codecs

    best = from_bytes(sample, cp_isolation=list(ENCODINGS)).best()
    return best.encoding if best else _FALLBACK
