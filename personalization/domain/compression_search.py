"""Who has too much to remember, found without reading a single memory.

The database counts the events of a few hundred people at a time, by the index on `user_id`. Everybody at once would be
one statement less, and is what the embedded database cannot take: it loads all that it is to count, 1 GB for 20,000
people with 31 events each, while everybody else waits (see docs/decisions.md).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from personalization.models import MemoryEvent, UserProfile

PEOPLE_AT_A_TIME = 500


class PeopleOverCap:
    """The `user_id`s of everybody with more events than MEMORY_CAP, in order; several threads may share one iteration.

    Events that only wait to be deleted are counted as well: what is to be done is for `compress_memory` to see.
    `seen` is how many profiles have been looked at, `found` how many people were given out; `is_cut_off` says that
    there would have been more than `limit`.
    """

    def __init__(self, *, limit: int | None = None, at_a_time: int = PEOPLE_AT_A_TIME) -> None:
        self.seen = 0
        self.found = 0
        self.is_cut_off = False
        self._is_closed = False
        self._limit = limit
        self._at_a_time = at_a_time
        self._user_ids = self._search()
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        with self._lock:
            if self._is_closed:
                raise StopIteration
            user_id = next(self._user_ids)
            if self.found == self._limit:
                self.is_cut_off = self._is_closed = True
                self.seen -= 1  # this one was not given out
                raise StopIteration
            self.found += 1
            return user_id

    def close(self) -> None:
        """Give out nobody any more."""
        self._is_closed = True

    def _search(self) -> Iterator[str]:
        last = ""
        while user_ids := _list_people(after=last, limit=self._at_a_time):
            over_cap = _count_over_cap(first=user_ids[0], last=user_ids[-1])
            for user_id in user_ids:
                self.seen += 1
                if user_id in over_cap:
                    yield user_id
            last = user_ids[-1]


def count_people() -> int:
    """Return about how many profiles there are, without counting them."""
    with connection.wrap_database_errors:
        profiles = connection.get_collection(UserProfile._meta.db_table)  # type: ignore[attr-defined]
        return int(profiles.estimated_document_count())


def _list_people(*, after: str, limit: int) -> list[str]:
    following = UserProfile.objects.filter(user_id__gt=after).order_by("user_id")
    return list(following.values_list("user_id", flat=True)[:limit])


def _count_over_cap(*, first: str, last: str) -> set[str]:
    """Return who of those between two people has more events than MEMORY_CAP."""
    pipeline = [
        {"$match": {"user_id": {"$gte": first, "$lte": last}}},
        {"$group": {"_id": "$user_id", "events": {"$sum": 1}}},
        {"$match": {"events": {"$gt": settings.MEMORY_CAP}}},
    ]
    with connection.wrap_database_errors:
        events = connection.get_collection(MemoryEvent._meta.db_table)  # type: ignore[attr-defined]
        return {group["_id"] for group in events.aggregate(pipeline)}
