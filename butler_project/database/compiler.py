"""The backend's compilers, whose ordered reads an index can serve.

The backend writes `$addFields {"created_at": "$created_at"}`, or the `$project` of the fields asked for, before
`$sort`. MongoDB sorts by an index only what comes straight from the collection or from `$match`
(mongodb.com/docs/manual/reference/operator/aggregation/sort/#-sort-operator-and-performance; moving the sort forward is
its open request SERVER-26442), so every ordered list would be read and sorted as a whole for its first page.
"""

from __future__ import annotations

from typing import Any

from django_mongodb_backend.compiler import (
    SQLAggregateCompiler,
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)
from django_mongodb_backend.compiler import SQLCompiler as MongoSQLCompiler
from django_mongodb_backend.query import MongoQuery

__all__ = [
    "SQLAggregateCompiler",
    "SQLCompiler",
    "SQLDeleteCompiler",
    "SQLInsertCompiler",
    "SQLUpdateCompiler",
]

INCLUDED = 1
PAGE_STAGES = ("$sort", "$skip", "$limit")

Stage = dict[str, Any]


def sort_first(pipeline: list[Stage]) -> list[Stage]:
    """Return a pipeline that gives the same documents in the same order, sorting before it leaves fields out."""
    stages = [stage for stage in pipeline if not _says_nothing(stage)]
    for place, stage in enumerate(stages):
        page = _list_page_stages(stages[place + 1 :])
        if page and _keeps_order_fields(stage, page[0]):
            return [*stages[:place], *page, stage, *stages[place + 1 + len(page) :]]
    return stages


def _says_nothing(stage: Stage) -> bool:
    """Tell whether every field is given the value that it has."""
    added = stage.get("$addFields")
    return added is not None and all(value == f"${name}" for name, value in added.items())


def _list_page_stages(stages: list[Stage]) -> list[Stage]:
    """Return the sorting stage that these begin with, and what takes a page of it."""
    if not stages or "$sort" not in stages[0]:
        return []
    count = next((at for at, stage in enumerate(stages) if not stage.keys() & {*PAGE_STAGES}), len(stages))
    return stages[:count]


def _keeps_order_fields(stage: Stage, sort: Stage) -> bool:
    """Tell whether a stage takes fields over as they are, those to sort by among them."""
    taken = stage.get("$project")
    if not taken or any(value != INCLUDED for value in taken.values()):
        return False
    return bool(sort["$sort"].keys() <= {*taken, "_id"})


class IndexedQuery(MongoQuery):  # type: ignore[misc]
    def get_pipeline(self) -> list[Stage]:
        return sort_first(super().get_pipeline())


class SQLCompiler(MongoSQLCompiler):  # type: ignore[misc]
    query_class = IndexedQuery
