"""Is a summary fit to replace the events it was made of? Asked before anything is deleted."""

from __future__ import annotations

import re

from personalization.enums import Language

SUMMARY_MAX_CHARS = 4_000
SLACK = 1.25  # a model counts characters badly; a quarter over is no reason to throw good notes away
MIN_OWN_SCRIPT_SHARE = 0.3  # Russian notes on a programmer are full of Latin words

GREETING = re.compile(
    r"^\W*(здравствуй|привет|добр(ый|ое|ого|рой) (день|утро|вечер)|рад (вас|тебя)|чем (я )?могу|"
    r"hello|hi\b|hey\b|greetings|good (morning|afternoon|evening|day)|how (can|may) i)",
    re.IGNORECASE,
)
REFUSAL = re.compile(
    r"^\W*(извините|простите|прошу прощения|к сожалению|как (языковая модель|ии)|"
    r"я не (могу|в состоянии|имею возможности)|не могу (помочь|выполнить)|"
    r"(i'?m |i am )?sorry|i (can'?t|cannot|can not|won'?t|am unable|am not able)|unfortunately|as an ai)",
    re.IGNORECASE,
)
CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
LATIN = re.compile(r"[a-z]", re.IGNORECASE)


def find_summary_fault(summary: str, *, language: str) -> str | None:
    """Name what is wrong with a summary (`empty`, `too_long`, `greeting`, `refusal`, `language`), None if it is fit."""
    text = summary.strip()
    if not any(char.isalnum() for char in text):
        return "empty"
    if len(text) > SUMMARY_MAX_CHARS * SLACK:
        return "too_long"
    if GREETING.match(text):
        return "greeting"
    if REFUSAL.match(text):
        return "refusal"
    return None if _is_in_language(text, language) else "language"


def _is_in_language(text: str, language: str) -> bool:
    """Tell by the share of letters; a language without a rule of its own passes."""
    own_script = (
        {Language.RUSSIAN: CYRILLIC, Language.ENGLISH: LATIN}.get(Language(language))
        if language in Language.values
        else None
    )
    if own_script is None:
        return True
    letters = len(CYRILLIC.findall(text)) + len(LATIN.findall(text))
    return letters == 0 or len(own_script.findall(text)) / letters >= MIN_OWN_SCRIPT_SHARE
