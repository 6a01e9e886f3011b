"""What is read in order is sorted before anything else is done to it, so that an index can serve."""

from __future__ import annotations

from typing import Any

import pytest

from butler_project.database.compiler import sort_first
from personalization.models import MemoryEvent
from tests.factories.personalization import fill_memory

MATCH = {"$match": {"user_id": "1"}}
SORT, SKIP, LIMIT = {"$sort": {"created_at": -1}}, {"$skip": 50}, {"$limit": 50}
PROJECT = {"$project": {"_id": 1, "user_id": 1, "created_at": 1}}
NOTHING = {"$addFields": {"created_at": "$created_at"}}
COMPUTED = {"$addFields": {"created_at": {"$year": "$created_at"}}}


@pytest.mark.parametrize(
    ("pipeline", "expected"),
    [
        ([MATCH, NOTHING, SORT, LIMIT], [MATCH, SORT, LIMIT]),
        ([MATCH, PROJECT, SORT, SKIP, LIMIT], [MATCH, SORT, SKIP, LIMIT, PROJECT]),
        ([PROJECT, NOTHING, SORT, {"$count": "n"}], [SORT, PROJECT, {"$count": "n"}]),
        ([COMPUTED, SORT, LIMIT], [COMPUTED, SORT, LIMIT]),
        ([{"$project": {"user_id": 1}}, SORT], [{"$project": {"user_id": 1}}, SORT]),
        ([{"$project": {"created_at": "$at"}}, SORT], [{"$project": {"created_at": "$at"}}, SORT]),
        ([PROJECT, LIMIT], [PROJECT, LIMIT]),
        ([], []),
    ],
)
def test_only_what_leaves_fields_as_they_are_waits_for_the_sort(
    pipeline: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    assert sort_first(pipeline) == expected


@pytest.mark.django_db
def test_ordered_reads_give_what_they_gave() -> None:
    fill_memory("1", 6)
    fill_memory("2", 2)
    events = MemoryEvent.objects.filter(user_id="1").order_by("-created_at")

    assert [event.content for event in events.defer("role")[1:3]] == ["событие 4", "событие 3"]
    assert list(events.values_list("content", flat=True)[:2]) == ["событие 5", "событие 4"]
    assert events.order_by("role", "-created_at").only("content")[0].content == "событие 5"
    assert events.count() == 6


def test_the_pages_of_every_list_are_asked_for_in_this_way() -> None:
    page = MemoryEvent.objects.filter(user_id="1").order_by("-created_at")[:25]
    compiler = page.query.get_compiler("default")
    compiler.pre_sql_setup()

    pipeline = compiler.build_query().get_pipeline()

    assert [next(iter(stage)) for stage in pipeline] == ["$match", "$sort", "$limit"]
