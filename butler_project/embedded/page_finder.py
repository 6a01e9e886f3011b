"""Which documents a page can consist of, found in SecantusDB's tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from types import FunctionType, MethodType
from typing import Any

FEW = 500  # found by an index: sorting them costs less than looking for a better way
LOOKED_AT = (
    2_000  # so many documents are looked at on the way before an index is asked for all that may match
)
READ_AT_A_TIME = 64
MOST_BRANCHES = 16  # values of an `$in` that are asked for one by one
RANGE = {"$gt", "$gte", "$lt", "$lte"}
AFTER_EVERY_NAME = "\x01"

Document = dict[str, Any]
Records = list[int] | None


@dataclass(frozen=True, slots=True)
class Page:
    """The beginning of a pipeline: filter, order (field and direction), how many documents are enough (None: all)."""

    match: Document
    order: list[tuple[str, int]]
    needed: int | None


class TooMany(Exception):
    """An index has more to say than is worth listening to."""


class PageFinder:
    """Finds the documents of a page in one collection."""

    def __init__(self, storage: Any, database: str, collection: str, module: Any) -> None:
        self._storage = storage
        self._where = (database, collection)
        self._module = module
        self._multikey: set[str] = storage._multikey_index_names(*self._where)

    def find(self, page: Page) -> list[Document] | None:
        """Return matching documents among which the page's are, None if SecantusDB finds these as well itself."""
        self._storage._refresh_read_snapshot()
        with self._storage._lock:
            if self._ask(page.match, most=FEW) is not None:
                return None
            few = self._find_known(page.match, most=FEW)
            if few is not None:
                return list(self._match(self._fetch(few), page))
            if page.needed is None:
                return None
            return self._find_in_order(page) if page.order else self._find_any(page)

    def _find_in_order(self, page: Page) -> list[Document] | None:
        """Go along an index in the page's order; after a while, look only at what another index knows to match."""
        walk = self._walk_index(page)
        if walk is None:
            return None
        found, is_full = self._take(self._match(self._fetch(islice(walk, LOOKED_AT)), page), page)
        if is_full:
            return found
        known = self._find_known(page.match)
        walk = self._walk_index(page) or iter(())
        among = walk if known is None else filter(set(known).__contains__, walk)
        return self._take(self._match(self._fetch(among), page), page)[0]

    def _find_any(self, page: Page) -> list[Document]:
        """Take what an index has first for one of the conditions; without such an index, what was stored first."""
        for condition in list_conditions(page.match, self._is_multikey):
            hasty = Hasty(self._storage, (page.needed or 0) * 2, self._module)
            self._ask(condition, storage=hasty)
            found, is_full = self._take(self._match(self._fetch(dict.fromkeys(hasty.seen)), page), page)
            if is_full:
                return found
        known = self._find_known(page.match)
        records = self._walk_all() if known is None else known
        return self._take(self._match(self._fetch(records), page), page)[0]

    def _ask(self, condition: Document, *, most: int = 0, storage: Any = None) -> Records:
        """Return what an index finds for a condition; None if no index serves, or if it has more than `most`."""
        storage = storage or (Hasty(self._storage, most, self._module) if most else self._storage)
        try:
            found: Records = storage._try_index_id_keys(*self._where, condition)
        except TooMany:
            return None
        return None if most and found is not None and len(found) > most else found

    def _find_known(self, match: Document, *, most: int = 0) -> Records:
        """Return the records that an index finds for a filter, among them every match; None as `_ask` does."""
        for condition in list_conditions(match, self._is_multikey):
            known = self._ask(condition, most=most)
            if known is not None:
                return list(dict.fromkeys(known))  # one for each of several values
        for branches in list_alternatives(match):
            found = [self._find_known(branch, most=most) for branch in branches]
            if None not in found:
                return list(dict.fromkeys(record for records in found for record in records or ()))
        return None

    def _is_multikey(self, field: str) -> bool:
        specs = self._storage._all_indexes(*self._where)
        return any(name in self._multikey and field in spec for name, spec, *_ in specs)

    def _walk_all(self) -> Iterator[int]:
        return (record for record, _, _ in self._storage._scan_docs(*self._where))

    def _walk_index(self, page: Page) -> Iterator[int] | None:
        """Return all records that may match, in the page's order, by an index that begins with it or its reverse."""
        options = self._storage._index_options_map(*self._where)
        for name, spec, is_sparse, _ in self._storage._all_indexes(*self._where):
            own = options.get(name, {})
            same = find_same(own.get("partialFilterExpression") or {}, page.match)
            if is_sparse or name in self._multikey or "collation" in own or same is None:
                continue
            leading = [(field, way) for field, way in spec.items() if field not in same][: len(page.order)]
            if leading == page.order:
                return self._walk(name, is_forward=True)
            if leading == [(field, -direction) for field, direction in page.order]:
                return self._walk(name, is_forward=False)
        return None

    def _walk(self, index: str, *, is_forward: bool) -> Iterator[int]:
        cursor = self._storage._cursor(self._module._IDX_ENTRIES_TABLE)
        step = cursor.next if is_forward else cursor.prev
        cursor.set_key(*self._where, index if is_forward else index + AFTER_EVERY_NAME, b"")
        near = cursor.search_near()
        if near == self._module.wt.WT_NOTFOUND:
            return
        if (near < 0 if is_forward else near > 0) and step() != 0:
            return
        while tuple((key := cursor.get_key())[:3]) == (*self._where, index):
            _, record = self._module._unpack_entry(bytes(key[3]))
            if record is not None:
                yield record
            if step() != 0:
                return

    def _fetch(self, records: Iterable[int]) -> Iterator[Document]:
        remaining = iter(records)
        while some := list(islice(remaining, READ_AT_A_TIME)):
            yield from self._storage._docs_by_recordids(*self._where, some)

    def _match(self, documents: Iterable[Document], page: Page) -> Iterator[Document]:
        return (found for found in documents if not page.match or self._module.matches(found, page.match))

    def _take(self, documents: Iterable[Document], page: Page) -> tuple[list[Document], bool]:
        """Take what is needed, and what may stand in the last one's place as well; tell whether that is all there is.

        So the order among equals is the same for every page, and none is left out between two.
        """
        taken: list[Document] = []
        last: list[Any] | None = None
        for found in documents:
            values = [found.get(field) for field, _ in page.order]
            if len(taken) >= (page.needed or 0) and (not page.order or values != last):
                return taken, True
            taken.append(found)
            last = values
        return taken, False


class Hasty:
    """A storage whose walks through an index end with `TooMany` after `most` entries; `seen` are their records."""

    def __init__(self, storage: Any, most: int, module: Any) -> None:
        self.seen: list[int] = []
        self._real = storage
        self._most = most
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = inspect.getattr_static(type(self._real), name, None)
        return MethodType(found, self) if isinstance(found, FunctionType) else getattr(self._real, name)

    def _cursor(self, table: str, **options: Any) -> Any:
        cursor = self._real._cursor(table, **options)
        return HastyCursor(cursor, self) if table == self._module._IDX_ENTRIES_TABLE else cursor

    def note(self, key: Any) -> None:
        """Remember the record of an index's entry."""
        if len(self.seen) >= self._most:
            raise TooMany
        _, record = self._module._unpack_entry(bytes(key[3]))
        if record is not None:
            self.seen.append(record)


class HastyCursor:
    def __init__(self, cursor: Any, hasty: Hasty) -> None:
        self._cursor = cursor
        self._hasty = hasty

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def get_key(self) -> Any:
        key = self._cursor.get_key()
        self._hasty.note(key)
        return key


def list_conditions(match: Mapping[str, Any], is_multikey: Callable[[str], bool]) -> list[Document]:
    """Return conditions that every match meets: on several fields, for a compound index, then on each alone."""
    by_field: dict[str, list[Any]] = {}
    for field, condition in _iterate_conjuncts(match):
        by_field.setdefault(field, []).append(condition)
    narrow = {field: _choose(found, is_multikey=is_multikey(field)) for field, found in by_field.items()}
    return ([narrow] if len(narrow) > 1 else []) + [{field: condition} for field, condition in narrow.items()]


def find_same(partial: Mapping[str, Any], match: Mapping[str, Any]) -> set[str] | None:
    """Return the fields that are the same in all documents of a partial index; None if it may lack a match."""
    wanted = [(field, type(value), value) for field, value in _iterate_conjuncts(match)]  # 1 is not True here
    for field, condition in partial.items():
        value = condition["$eq"] if isinstance(condition, Mapping) and [*condition] == ["$eq"] else condition
        if isinstance(value, Mapping) or (field, type(value), value) not in wanted:
            return None
    return set(partial)


def list_alternatives(match: Mapping[str, Any]) -> Iterator[list[Document]]:
    """Return filters of which every match meets one: those of an `$or`, and one for each value of an `$in`."""
    for name, content in match.items():
        if name == "$or":
            yield list(content)
        elif name == "$and":
            for part in content:
                yield from list_alternatives(part)
    values = {name: found for name, found in _iterate_conjuncts(match) if not isinstance(found, Mapping)}
    for name, condition in _iterate_conjuncts(match):
        if (
            isinstance(condition, Mapping)
            and condition.keys() == {"$in"}
            and len(condition["$in"]) <= MOST_BRANCHES
        ):
            yield [{**values, name: value} for value in condition["$in"]]


def _iterate_conjuncts(match: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, condition in match.items():
        if name == "$and":
            for part in condition:
                yield from _iterate_conjuncts(part)
        elif not name.startswith("$"):
            yield name, condition


def _choose(conditions: Sequence[Any], *, is_multikey: bool) -> Any:
    """Return a value, a range or whatever there is, in this order.

    The ends of a range make one condition, unless documents have several values: then each end may be met by another.
    """
    values = [one for one in conditions if not isinstance(one, Mapping)]
    ranges = [one for one in conditions if isinstance(one, Mapping) and one and one.keys() <= RANGE]
    if values or not ranges or is_multikey:
        return next(iter([*values, *ranges, *conditions]))
    return {operator: limit for one in reversed(ranges) for operator, limit in one.items()}
