"""What the admins are told of models unasked: which came and went, who does not answer, what a setting misnames."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.conf import settings

from botgateway.domain.access_notices import find_chat_language, stamp
from botgateway.domain.notices import file_notice
from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.phrase import say, say_plain
from llm.catalogue_refresh import Change, Differences

NAMES_SHOWN = 20  # of a provider's models that have come, or gone; some list hundreds


def tell_admins(differences: Differences, *, but: str = "") -> tuple[str, ...]:
    """File what is new for every admins' chat, but the one in which it is said anyway; return those that had not it.

    What a setting misnames is said once for as long as notices are kept, and does not come back every night.
    """
    notices = [
        (_changes_key(differences.news), write_changes),
        (_missing_key(differences), write_missing),
    ]
    chats = []
    for chat_id in map(str, settings.ADMIN_CHAT_IDS):
        language = find_chat_language(chat_id)
        for key, write in notices:
            text = write(differences, language) if key and chat_id != but else ""
            if text and file_notice(key=f"{key}:{chat_id}", chat_id=chat_id, text=text):
                chats.append(chat_id)
    return tuple(dict.fromkeys(chats))


def write_changes(differences: Differences, language: str) -> str:
    """Return, as Markdown, what has changed at the providers; empty if nothing has."""
    news = differences.news
    if not news:
        return ""
    blocks = [_write_change(change, language) for change in news]
    return "\n\n".join([say(Words.MODELS_CHANGED, language=language), *blocks])


def write_missing(differences: Differences, language: str) -> str:
    """Return, as Markdown, which settings name models that are not there; empty if none does."""
    if not differences.missing:
        return ""
    lines = [
        say(Words.MODEL_MISSING, language=language, setting=named.setting, model=named.choice)
        for named in differences.missing
    ]
    return "\n".join([say(Words.MODELS_MISSING, language=language), "", *lines])


def _write_change(change: Change, language: str) -> str:
    lines = [say(_choose_head(change), language=language, **_describe(change))]
    for phrase, names in ((Words.APPEARED, change.appeared), (Words.VANISHED, change.vanished)):
        if names:
            lines.append(say(phrase, language=language, count=len(names), names=_shorten(names, language)))
    return "\n".join([lines[0], "", *lines[1:]]) if lines[1:] else lines[0]


def _choose_head(change: Change) -> Words:
    if change.failure:
        return Words.PROVIDER_FAILS if change.since else Words.PROVIDER_NEVER_ANSWERED
    if change.is_first:
        return Words.PROVIDER_FIRST
    return Words.PROVIDER_BACK if change.is_back else Words.PROVIDER


def _describe(change: Change) -> dict[str, object]:
    return {"provider": change.provider, "count": change.count, "outcome": change.failure}


def _shorten(names: Sequence[str], language: str) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    left_out = len(names) - NAMES_SHOWN
    if left_out <= 0:
        return shown
    return f"{shown} {say_plain(Words.AND_MORE, language=language, count=left_out)}"


def _changes_key(news: Sequence[Change]) -> str:
    """Name what has changed since which lists: a refresh that was killed and runs again finds the same."""
    if not news:
        return ""
    facts = [(stamp(one.since), one.provider, one.appeared, one.vanished, one.failure) for one in news]
    return f"models:{_fingerprint(facts)}"


def _missing_key(differences: Differences) -> str:
    if not differences.missing:
        return ""
    return f"misnamed:{_fingerprint([(named.setting, named.choice) for named in differences.missing])}"


def _fingerprint(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
