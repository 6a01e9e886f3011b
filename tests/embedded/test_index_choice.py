"""Filters of several conditions, as Django's backend writes them, use an index of the embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pymongo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.collection import Collection

from butler_project.embedded.mongodb import list_conjuncts
from tests import services

CONDITIONS: list[dict[str, Any]] = [
    {"$and": [{"owner": "a"}, {"rooms": 2}]},
    {"$and": [{"owner": "a"}, {"$or": [{"rooms": {"$gt": 3}}, {"rooms": 2, "city": "x"}]}]},
    {"$or": [{"owner": "a"}, {"rooms": 2}]},
    {"$and": [{"rooms": {"$gte": 1}}, {"rooms": {"$lt": 3}}, {"owner": {"$in": ["a", "b"]}}]},
    {"$nor": [{"owner": "a"}], "rooms": 1},
    {"$and": [{"_id": 3}, {"owner": "a"}]},
    {"$and": [{"_id": 3}, {"owner": "b"}]},
    {"$and": [{"_id": {"$in": [3, 4, 25]}}, {"rooms": {"$gt": 0}}]},
    {"$and": [{"_id": {"$gte": 3}}, {"owner": "a"}]},
]


@pytest.fixture
def houses() -> Iterator[Collection[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](services.endpoints().mongodb_url) as client:
        collection = client.index_choice.houses
        collection.drop()
        collection.create_index([("owner", 1), ("rooms", 1)])
        collection.insert_many(
            {"_id": number, "owner": owner, "rooms": rooms, "city": city}
            for number, (owner, rooms, city) in enumerate(product("abc", range(5), "xy"))
        )
        yield collection


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_an_index_changes_no_result(houses: Collection[dict[str, Any]], condition: dict[str, Any]) -> None:
    by_index = sorted(house["_id"] for house in houses.find(condition))
    houses.drop_indexes()

    assert by_index == sorted(house["_id"] for house in houses.find(condition))


def test_a_delete_by_several_conditions_deletes_what_matches_all(houses: Collection[dict[str, Any]]) -> None:
    deleted = houses.delete_many(
        {"$and": [{"owner": "a"}, {"$or": [{"rooms": 1}, {"rooms": 2, "city": "x"}]}]}
    )

    assert deleted.deleted_count == 3
    assert houses.count_documents({}) == 27


FIELDS = st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 2), min_size=1)
QUERIES = st.recursive(
    FIELDS,
    lambda inner: st.builds(
        lambda operator, parts: {operator: parts},
        st.sampled_from(["$and", "$or"]),
        st.lists(inner, min_size=1),
    ),
)


@given(query=QUERIES, document=st.fixed_dictionaries({"a": st.integers(0, 2), "b": st.integers(0, 2)}))
@settings(max_examples=200, deadline=None)
def test_every_match_meets_the_conjuncts(query: dict[str, Any], document: dict[str, int]) -> None:
    if _matches(query, document):
        assert _matches(list_conjuncts(query), document)


def _matches(query: dict[str, Any], document: dict[str, int]) -> bool:
    rules = {"$and": all, "$or": any}
    return all(
        rules[name](_matches(part, document) for part in wanted)
        if name in rules
        else document[name] == wanted
        for name, wanted in query.items()
    )
