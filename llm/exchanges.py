"""What asking models cost, call by call: recorded, summed up, erased. Never a word of what was said.

Exchanges are accounts, not memory: clearing a conversation or resetting a profile leaves them; forgetting the person
does not, and after EXCHANGE_TTL_DAYS the server deletes them.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pymongo.errors import BulkWriteError

from llm import metrics
from llm.call import ExchangeRecord
from llm.exchange_writer import SETTLED_S, ExchangeWriter, Row
from llm.models import Exchange
from llm.prompt import Purpose
from mongo_indexes import set_expiry

DUPLICATE_KEY = 11_000  # MongoDB's code
SUCCESSES = [metrics.OUTCOME_OK, metrics.OUTCOME_STOPPED]
READ_AT_A_TIME = 500
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyUse:
    """The calls of one day of TIME_ZONE: `failures` of them gave no answer, `tokens` are of prompts and answers."""

    day: date
    exchanges: int
    failures: int
    tokens: int


def record_exchange(record: ExchangeRecord) -> None:
    """Keep one call. It reaches the database a moment later: whoever answers does not wait for that."""
    _writer.add(_build_row(record))


def flush_exchanges() -> bool:
    """Write what this process has recorded; False if the database is away: then it is tried again later."""
    return _writer.flush()


def discard_exchanges() -> None:
    """Forget what this process has recorded and not written yet: for a test's end."""
    _writer.discard()


def begin_day(*, days_ago: int = 0) -> datetime:
    """Return when today, or another day, begins in TIME_ZONE; where midnight is skipped, an hour later."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day = timezone.now().astimezone(zone).date() - timedelta(days=days_ago)
    return datetime.combine(day, time_of_day.min, zone).astimezone(UTC).astimezone(zone)


def sum_tokens(user_id: str, *, since: datetime, purpose: Purpose = Purpose.REPLY) -> int:
    """Return how many tokens somebody has used, prompts and answers."""
    match = {"user_id": user_id, "created_at": {"$gte": since}, "purpose": purpose.value}
    total = {"_id": None, "tokens": {"$sum": _TOKENS}}
    return next((int(found["tokens"]) for found in _aggregate(match, total)), 0)


def list_daily_use(user_id: str | None, *, days: int) -> list[DailyUse]:
    """Return the last `days` days, today among them, oldest first and without those on which nobody asked.

    Without `user_id`: of everybody together.
    """
    match: dict[str, Any] = {"created_at": {"$gte": begin_day(days_ago=days - 1)}}
    if user_id is not None:
        match = {"user_id": user_id, **match}
    day = {"date": "$created_at", "format": "%Y-%m-%d", "timezone": settings.TIME_ZONE}
    failed = {"$cond": [{"$in": ["$outcome", SUCCESSES]}, 0, 1]}
    group = {
        "_id": {"$dateToString": day},
        "exchanges": {"$sum": 1},
        "failures": {"$sum": failed},
        "tokens": {"$sum": _TOKENS},
    }
    found = sorted(_aggregate(match, group), key=lambda use: str(use["_id"]))
    return [DailyUse(day=date.fromisoformat(use.pop("_id")), **use) for use in found]


def iterate_exchanges(user_id: str) -> Iterator[Exchange]:
    """Return somebody's exchanges, oldest first, as they are read."""
    exchanges = Exchange.objects.filter(user_id=user_id).order_by("created_at")
    return exchanges.iterator(chunk_size=READ_AT_A_TIME)


def erase_exchanges(user_id: str) -> None:
    """Delete what is kept of somebody's exchanges, what this process has not written yet included."""
    flush_exchanges()
    Exchange.objects.filter(user_id=user_id).delete()


def erase_late_exchanges(user_id: str, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Delete what other processes had still to write: after `SETTLED_S` seconds, by when that is done.

    What is written later, the database having been away, names nobody. To be called when nothing is recorded for the
    person any more: answers that name them hold their chat's turn, others ask `Asking.is_known`.
    """
    wait(SETTLED_S)
    erase_exchanges(user_id)


def apply_ttl() -> None:
    """Make the server expire exchanges after EXCHANGE_TTL_DAYS, if the index says otherwise."""
    set_expiry(Exchange, index="exchange_created_at_ttl", expire_after_s=settings.EXCHANGE_TTL_DAYS * DAY_S)


def _build_row(record: ExchangeRecord) -> Row:
    return {
        "_id": ObjectId(),
        **asdict(record),
        "purpose": record.purpose.value,
        "created_at": timezone.now(),
    }


def _insert_rows(rows: list[Row]) -> int:
    """Write rows, of which some may be there already; return how many were refused. Raises `PyMongoError`."""
    try:
        _collection().insert_many(rows, ordered=False)
    except BulkWriteError as error:
        return sum(refusal["code"] != DUPLICATE_KEY for refusal in error.details["writeErrors"])
    return 0


def _aggregate(match: dict[str, Any], group: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.wrap_database_errors:
        return list(_collection().aggregate([{"$match": match}, {"$group": group}]))


def _collection() -> Any:
    return connection.get_collection(Exchange._meta.db_table)  # type: ignore[attr-defined]


_TOKENS = {"$add": ["$prompt_tokens", "$completion_tokens"]}

_writer = ExchangeWriter(_insert_rows)
os.register_at_fork(after_in_child=_writer.start_afresh)
atexit.register(flush_exchanges)
