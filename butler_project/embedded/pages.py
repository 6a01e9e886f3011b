"""Let SecantusDB read no more than is asked for.

SecantusDB 0.7.0b3 decodes and sorts the whole collection for `$sort` and `$limit`, and reads it all for a bare
`$limit` and for `$or`: a second for 60,000 documents. MongoDB walks an index and stops. Here the documents that the
answer can consist of are found first, by index and with an end, and the pipeline is run on these alone: which documents
it gives, and in which order, remains SecantusDB's own doing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from butler_project.embedded.page_finder import Document, Page, PageFinder

Handler = Callable[[Document, Any], Document]

log = logging.getLogger(__name__)


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
    """Read how a pipeline begins: `[$match] [$project] [$sort] [$skip] $limit`, or `$match` alone.

    None where that tells nothing about which documents are needed.
    """
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
            break
    return Page(match, [], None) if match else None


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
        documents = PageFinder(context.storage, context.db_name, collection, module).find(page)
    except Exception:  # whatever is wrong with the question, the command itself says it better
        log.debug("no page found", exc_info=True)
        return None
    return None if documents is None else Found(context.db_name, collection, page.match, documents)
