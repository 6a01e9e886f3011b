"""A page of a large collection is read through an index, and holds the same documents as without."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.collection import Collection

from butler_project.embedded.page_finder import FEW, Page, find_same
from butler_project.embedded.pages import read_page
from tests import services
from tests.harness.processes import PROJECT_DIR

HOUSES, PAGE = FEW + 200, 250


@pytest.fixture(scope="module")
def houses() -> Iterator[Collection[dict[str, Any]]]:
    """Houses by the hundred of which many are equal in what they are sorted by; some lack it."""
    chance = random.Random(7)
    with pymongo.MongoClient[dict[str, Any]](services.endpoints().mongodb_url) as client:
        collection = client.pages.houses
        collection.drop()
        collection.insert_many(
            {"_id": number, "owner": chance.choice("abc"), "name": f"{chance.randrange(900):03}"}
            | ({"rooms": chance.randrange(40)} if number % 50 else {})
            | {"tags": chance.sample(range(9), 2)}
            for number in range(HOUSES)
        )
        collection.create_index([("rooms", 1)])
        collection.create_index([("owner", 1), ("rooms", -1)])
        collection.create_index([("name", 1)])
        collection.create_index([("tags", 1)])
        collection.create_index([("owner", 1), ("name", -1)], partialFilterExpression={"owner": {"$eq": "a"}})
        yield collection


def read_all(houses: Collection[dict[str, Any]], match: dict[str, Any]) -> list[dict[str, Any]]:
    """Read what matches without any page, so that nothing is narrowed."""
    return list(houses.aggregate([{"$match": match}]))


FILTERS: list[dict[str, Any]] = [
    {},
    {"owner": "a"},
    {"rooms": {"$gte": 3}},
    {"$and": [{"owner": "b"}, {"name": {"$lt": "300"}}]},
    {"$and": [{"name": {"$gte": "1"}}, {"$and": [{"name": {"$lt": "2"}}, {"name": {"$exists": True}}]}]},
    {"$or": [{"$and": [{"name": {"$gte": "10"}}, {"name": {"$lt": "11"}}]}, {"rooms": 7}]},
    {"$or": [{"name": "500"}, {"_id": {"$gt": 20}}]},
    {"$or": [{"$and": [{"rooms": 5}, {"owner": {"$in": ["a", "c"]}}]}, {"tags": 4}]},
    {"rooms": {"$ne": 5}},
    {"$and": [{"tags": {"$gte": 3}}, {"tags": {"$lt": 1}}]},
    {"owner": "nobody"},
]


@pytest.mark.parametrize("match", FILTERS, ids=str)
@pytest.mark.parametrize(
    "order", [{"rooms": 1}, {"rooms": -1}, {"owner": -1, "rooms": 1}, {"name": -1}], ids=str
)
def test_pages_are_those_of_the_sorted_whole(
    houses: Collection[dict[str, Any]], match: dict[str, Any], order: dict[str, int]
) -> None:
    def place_of(house: dict[str, Any]) -> list[Any]:
        return [house.get(field) for field in order]

    pages = [
        list(houses.aggregate([{"$match": match}, {"$sort": order}, {"$skip": start}, {"$limit": PAGE}]))
        for start in range(0, HOUSES, PAGE)
    ]

    whole = read_all(houses, match)
    leafed = [house for page in pages for house in page]
    assert sorted(house["_id"] for house in leafed) == sorted(house["_id"] for house in whole)
    in_order = list(houses.find(match).sort(list(order.items())))
    assert [place_of(house) for house in leafed] == [place_of(house) for house in in_order]


@pytest.mark.parametrize("match", FILTERS, ids=str)
@pytest.mark.parametrize("limit", [1, 40, 2 * HOUSES])
def test_a_count_ends_at_its_bound(
    houses: Collection[dict[str, Any]], match: dict[str, Any], limit: int
) -> None:
    pipeline = [{"$match": match}, {"$project": {"_id": 1}}, {"$limit": limit}, {"$count": "number"}]

    found = next((row["number"] for row in houses.aggregate(pipeline)), 0)

    assert found == min(limit, len(read_all(houses, match)))


STAGES = st.lists(
    st.one_of(
        st.builds(lambda value: {"$match": value}, st.sampled_from(FILTERS)),
        st.sampled_from(
            [
                {"$sort": {"rooms": 1}},
                {"$sort": {"rooms": -1, "_id": 1}},
                {"$skip": 3},
                {"$limit": 5},
                {"$project": {"rooms": 1}},
                {"$addFields": {"rooms": 1}},
                {"$unwind": "$tags"},
            ]
        ),
    ),
    max_size=5,
)


@given(STAGES)
def test_only_the_beginning_of_a_pipeline_makes_a_page(stages: list[dict[str, Any]]) -> None:
    page = read_page(stages)

    if page is None or page.needed is None:
        assert page is None or stages[0] == {"$match": page.match}
        return
    names = [next(iter(stage)) for stage in stages]
    read = names[: names.index("$limit") + 1]
    ordered = ("$match", "$project", "$sort", "$skip", "$limit")
    assert set(read) <= set(ordered)
    assert len(set(read)) == len(read)
    assert "$match" not in read[1:]
    assert not {"$project", "$sort"} <= set(read)


def test_a_page_knows_how_many_documents_are_enough() -> None:
    stages = [
        {"$match": {"a": 1}},
        {"$sort": {"b": -1}},
        {"$skip": 20},
        {"$limit": 10},
        {"$project": {"a": 1}},
    ]

    assert read_page(stages) == Page({"a": 1}, [("b", -1)], 30)
    assert read_page([{"$skip": 20}, {"$sort": {"b": 1}}, {"$limit": 10}]) is None
    assert read_page(stages[:2]) == Page({"a": 1}, [], None)


@pytest.mark.parametrize(
    ("partial", "match", "same"),
    [
        ({}, {"a": 1}, set()),
        ({"a": {"$eq": True}}, {"$and": [{"b": {"$gt": 3}}, {"a": True}]}, {"a"}),
        ({"a": 1}, {"a": 1}, {"a"}),
        ({"a": True}, {"a": 1}, None),
        ({"a": True}, {"a": {"$in": [True]}}, None),
        ({"a": True}, {"$or": [{"a": True}]}, None),
        ({"a": {"$gt": 1}}, {"a": 2}, None),
        ({"a": {"$gt": 1}}, {"a": {"$gt": 1}}, None),
        ({"a": True, "b": 2}, {"a": True}, None),
    ],
)
def test_a_partial_index_serves_what_cannot_match_elsewhere(
    partial: dict[str, Any], match: dict[str, Any], same: set[str] | None
) -> None:
    assert find_same(partial, match) == same


def test_the_server_is_mended_to_read_pages_so() -> None:
    code = (
        "from secantus import commands; from butler_project.embedded.mongodb import mend; mend();"
        "print(commands._HANDLERS['aggregate'].__module__)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, check=True)
    assert done.stdout.decode().split() == ["butler_project.embedded.pages"]
