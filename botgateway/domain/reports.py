"""What the admins are told of: messages given up, and errors that nobody expected, each kind of error once a day.

A report says where to look and holds nothing that anybody wrote. That it cannot be filed must not make things worse:
whoever reports is in trouble already.
"""

from __future__ import annotations

import hashlib
import traceback
from types import FrameType

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from botgateway import metrics
from botgateway.domain.access_notices import find_chat_language
from botgateway.domain.notices import file_notice
from botgateway.domain.windows import admit
from botgateway.models import InboxUpdate
from botgateway.wording.phrase import say
from botgateway.wording.reports import ReportsPhrase

log = structlog.get_logger(__name__)

OWN_PACKAGES = ("botgateway", "butler_project", "digests", "llm", "personalization")
PARKED_PER_HOUR = 10  # a fault that hits everybody must not flood the admins
HOUR_S = 3_600


def report_parked_update(update: InboxUpdate) -> tuple[str, ...]:
    """File a report for each admins' chat; return the chats in which it waits to be sent."""
    try:
        if admit("parked-reports", str(update.pk), limit=PARKED_PER_HOUR, window_s=HOUR_S):
            return ()
    except RedisError:
        log.warning("reports not counted", update_id=update.update_id)
    return _file(
        f"parked:{update.pk}", ReportsPhrase.PARKED, trace_id=update.trace_id, attempts=update.attempts
    )


def report_error(error: BaseException, *, trace_id: str = "") -> tuple[str, ...]:
    """Report an unexpected error, the first of its type and place today; return the chats in which that waits."""
    place = _find_own_place(error)
    kind = type(error).__name__
    key = f"error:{_fingerprint(kind, place)}:{timezone.localdate()}"
    return _file(key, ReportsPhrase.ERROR, trace_id=trace_id, error=kind, place=place)


def report_once(kind: str, detail: str, *, trace_id: str = "") -> tuple[str, ...]:
    """Report a trouble with a name, once a day; `detail` is no text of anybody's."""
    key = f"trouble:{_fingerprint(kind, detail)}:{timezone.localdate()}"
    return _file(key, ReportsPhrase.TROUBLE, trace_id=trace_id, kind=kind, detail=detail)


def _file(key: str, phrase: ReportsPhrase, *, trace_id: str, **slots: object) -> tuple[str, ...]:
    chats = []
    try:
        for chat_id in map(str, settings.ADMIN_CHAT_IDS):
            text = _write(phrase, find_chat_language(chat_id), trace_id=trace_id, **slots)
            if file_notice(key=f"{key}:{chat_id}", chat_id=chat_id, text=text, trace_id=trace_id):
                chats.append(chat_id)
    except (DatabaseError, PyMongoError) as error:
        log.warning("report not filed", error=type(error).__name__)
    metrics.REPORTS.labels(phrase.value, "filed" if chats else "counted").inc()
    return tuple(chats)


def _write(phrase: ReportsPhrase, language: str, *, trace_id: str, **slots: object) -> str:
    text = say(phrase, language=language, **slots)
    if not trace_id:
        return text
    return f"{text}\n\n{say(ReportsPhrase.TRACE, language=language, trace_id=trace_id)}"


def _find_own_place(error: BaseException) -> str:
    """Name the innermost function of ours that the error came through."""
    frames: list[FrameType] = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [frame for frame in frames if _find_module(frame).partition(".")[0] in OWN_PACKAGES]
    return f"{_find_module(own[-1])}.{own[-1].f_code.co_name}" if own else "?"


def _find_module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
