"""Let SecantusDB read no more than a page where a page is asked for.

SecantusDB 0.7.0b3 decodes and sorts the whole collection for `$sort` and `$limit`, and reads it all for a bare
`$limit`: a second for 60,000 documents. MongoDB walks the index and stops. Here the documents that a page can consist
of are found first, by index and with an end, and the pipeline is run on these alone: which documents it gives, and in
which order, remains SecantusDB's own doing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

FEW = 200  # found by an index: sorting them costs less than looking for a better way
READ_AT_A_TIME = 64
RANGE = {"$gt", "$gte", "$lt", "$lte"}
AFTER_EVERY_NAME = "\x01"

Document = dict[str, Any]
Handler = Callable[[Document, Any], Document]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """The beginning of a pipeline: filter, order (field and direction), and how many documents are enough."""

    match: Document
    order: list[tuple[str, int]]
    needed: int


@dataclass(frozen=True, slots=True)
class Found:
    """Documents that match, among them those of the page."""

    database: str
    collection: str
    match: Document
    documents: list[Document]

    def is_asked_for(self, database: str, collection: str, match: Any) -> bool:
        wanted = (database, collection, dict(match or {}))
        return wanted == (self.database, self.collection, self.match)


def mend_pages(handlers: dict[str, Handler], module: Any) -> None:
    """Narrow what `aggregate` reads; `handlers` are SecantusDB's commands, `module` is its module of storage."""
    aggregate, find_matching = handlers["aggregate"], module.Storage.find_matching
    waiting = threading.local()

    def aggregate_page(command: Document, context: Any) -> Document:
        waiting.page = _find_page(command, context, module)
        try:
            return aggregate(command, context)
        finally:
            waiting.page = None

    def find_on_page(self: Any, db: str, coll: str, filter: Any = None, **options: Any) -> list[Document]:
        page: Found | None = getattr(waiting, "page", None)
        waiting.page = None
        if page is not None and page.is_asked_for(db, coll, filter):
            return page.documents
        found: list[Document] = find_matching(self, db, coll, filter, **options)
        return found

    handlers["aggregate"] = aggregate_page
    module.Storage.find_matching = find_on_page


def read_page(pipeline: Sequence[Any]) -> Page | None:
    """Read `[$match] [$project] [$sort] [$skip] $limit`, None if the pipeline begins otherwise."""
    stages = [
        next(iter(one.items())) if isinstance(one, Mapping) and len(one) == 1 else ("", {})
        for one in pipeline
    ]
    match: Document = {}
    order: list[tuple[str, int]] = []
    skipped, is_projected = 0, False
    for place, (name, content) in enumerate(stages):
        if name == "$match" and place == 0 and isinstance(content, Mapping):
            match = dict(content)
        elif name == "$project" and not order and not is_projected:
            is_projected = True
        elif name == "$sort" and not (order or skipped or is_projected) and _is_plain(content):
            order = [(field, int(direction)) for field, direction in content.items()]
        elif name == "$skip" and not skipped and isinstance(content, int):
            skipped = content
        elif name == "$limit" and isinstance(content, int) and content > 0:
            return Page(match, order, skipped + content)
        else:
            return None
    return None


def _is_plain(order: Any) -> bool:
    return isinstance(order, Mapping) and all(direction in (1, -1) for direction in order.values())


def _find_page(command: Document, context: Any, module: Any) -> Found | None:
    """Return the documents that are enough for a command, None if nothing better is known than to read all."""
    collection, pipeline = command.get("aggregate"), command.get("pipeline")
    if not isinstance(collection, str) or not isinstance(pipeline, list):
        return None
    if command.keys() & {"hint", "let", "collation"} or collection.startswith("system."):
        return None
    page = read_page(pipeline)
    if page is None or context.storage.get_collection_options(context.db_name, collection).get("viewOn"):
        return None
    try:
        documents = Finder(context.storage, context.db_name, collection, module).find(page)
    except Exception:  # whatever is wrong with the question, the command itself says it better
        log.debug("no page found", exc_info=True)
        return None
    return None if documents is None else Found(context.db_name, collection, page.match, documents)


class Finder:
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
            usual = self._storage._try_index_id_keys(*self._where, page.match)
            if usual is not None and len(usual) <= FEW:
                return None
            known = self._find_known(page.match)
            if known is not None and (len(known) <= FEW or not page.order):
                needed = len(known) if page.order else page.needed
                return list(islice(self._match(self._fetch(known), page), needed))
            if not page.order:
                return list(islice(self._match(self._scan(), page), page.needed))
            walk = self._walk_index(page.order)
            if walk is None:
                return None
            among = walk if known is None else filter(set(known).__contains__, walk)
            return self._take_with_ties(self._match(self._fetch(among), page), page)

    def _find_known(self, match: Document) -> list[int] | None:
        """Return the records that an index finds for a filter, among them every match; None without such an index."""
        for condition in _list_conditions(match, self._is_multikey):
            known: list[int] | None = self._storage._try_index_id_keys(*self._where, condition)
            if known is not None:
                return list(dict.fromkeys(known))  # one for each of several values
        for branches in _list_alternatives(match):
            found = [self._find_known(branch) for branch in branches]
            if None not in found:
                return list(dict.fromkeys(record for records in found for record in records or ()))
        return None

    def _is_multikey(self, field: str) -> bool:
        specs = self._storage._all_indexes(*self._where)
        return any(name in self._multikey and field in spec for name, spec, *_ in specs)

    def _walk_index(self, order: Sequence[tuple[str, int]]) -> Iterator[int] | None:
        """Return all records in that order, by an index that begins with it or with its reverse."""
        options = self._storage._index_options_map(*self._where)
        for name, spec, is_sparse, _ in self._storage._all_indexes(*self._where):
            own = options.get(name, {})
            if is_sparse or name in self._multikey or own.keys() & {"partialFilterExpression", "collation"}:
                continue
            leading = list(spec.items())[: len(order)]
            if leading == list(order):
                return self._walk(name, is_forward=True)
            if leading == [(field, -direction) for field, direction in order]:
                return self._walk(name, is_forward=False)
        return None

    def _walk(self, index: str, *, is_forward: bool) -> Iterator[int]:
        cursor = self._storage._cursor(self._module._IDX_ENTRIES_TABLE)
        step = cursor.next if is_forward else cursor.prev
        cursor.set_key(*self._where, index if is_forward else index + AFTER_EVERY_NAME, b"")
        near = cursor.search_near()
        if near == self._module.wt.WT_NOTFOUND:
            return
        is_before, is_after = near < 0, near > 0
        if ((is_before and is_forward) or (is_after and not is_forward)) and step() != 0:
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

    def _scan(self) -> Iterator[Document]:
        for _, _, raw in self._storage._scan_docs(*self._where):
            yield self._module.bson.decode(raw)

    def _match(self, documents: Iterable[Document], page: Page) -> Iterator[Document]:
        return (found for found in documents if not page.match or self._module.matches(found, page.match))

    def _take_with_ties(self, documents: Iterable[Document], page: Page) -> list[Document]:
        """Return the first that are needed, and those that may stand in the last one's place as well.

        So the order among equals is the same for every page, and none is left out between two.
        """
        taken: list[Document] = []
        last: list[Any] = []
        for found in documents:
            values = [found.get(field) for field, _ in page.order]
            if len(taken) >= page.needed and values != last:
                break
            taken.append(found)
            last = values
        return taken


def _list_conditions(match: Mapping[str, Any], is_multikey: Callable[[str], bool]) -> list[Document]:
    """Return conditions that every match meets: on several fields, for a compound index, then on each alone."""
    by_field: dict[str, list[Any]] = {}
    for field, condition in _iterate_conjuncts(match):
        by_field.setdefault(field, []).append(condition)
    narrow = {field: _choose(found, is_multikey=is_multikey(field)) for field, found in by_field.items()}
    return ([narrow] if len(narrow) > 1 else []) + [{field: condition} for field, condition in narrow.items()]


def _choose(conditions: Sequence[Any], *, is_multikey: bool) -> Any:
    """Return a value, a range or whatever there is, in this order.

    The ends of a range make one condition, unless documents have several values: then each end may be met by another.
    """
    values = [one for one in conditions if not isinstance(one, Mapping)]
    ranges = [one for one in conditions if _is_range(one)]
    if values or not ranges or is_multikey:
        return next(iter([*values, *ranges, *conditions]))
    return {operator: limit for one in reversed(ranges) for operator, limit in one.items()}


def _iterate_conjuncts(match: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, condition in match.items():
        if name == "$and":
            for part in condition:
                yield from _iterate_conjuncts(part)
        elif not name.startswith("$"):
            yield name, condition


def _list_alternatives(match: Mapping[str, Any]) -> Iterator[list[Document]]:
    for name, content in match.items():
        if name == "$or":
            yield list(content)
        elif name == "$and":
            for part in content:
                yield from _list_alternatives(part)


def _is_range(condition: Any) -> bool:
    return isinstance(condition, Mapping) and bool(condition) and condition.keys() <= RANGE
