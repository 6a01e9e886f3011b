"""The one defect of SecantusDB that `butler_project.embedded.mongodb` works around."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.collection import Collection

from butler_project.embedded.services import mongodb_service

STORED = {"_id": 1, "name": "Alfred", "house": {"city": "Gotham", "rooms": 42}}
# stage, and what MongoDB 8 makes of it
CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"$project": {"house": {"city": 1}}}, {"_id": 1, "house": {"city": "Gotham"}}),
    (
        {"$project": {"house": {"rooms": 1, "owner": "$name"}}},
        {"_id": 1, "house": {"rooms": 42, "owner": "Alfred"}},
    ),
    (
        {"$addFields": {"house": {"owner": "$name"}}},
        {"_id": 1, "name": "Alfred", "house": {"city": "Gotham", "rooms": 42, "owner": "Alfred"}},
    ),
    (
        {"$set": {"house": {"rooms": {"$add": ["$house.rooms", 1]}}}},
        {"_id": 1, "name": "Alfred", "house": {"city": "Gotham", "rooms": 43}},
    ),
]
STAGES = [next(iter(stage)) for stage, _ in CASES]


@pytest.fixture(scope="module", params=[False, True], ids=["unmended", "mended"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[bool, str]]:
    data_dir: Path = tmp_path_factory.mktemp("defect")
    service = mongodb_service(data_dir, options=[] if request.param else ["--unmended"])
    yield request.param, service.start()
    service.stop()


@pytest.fixture
def collection(server: tuple[bool, str]) -> Iterator[Collection[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](server[1]) as client:
        client.butler.houses.replace_one({"_id": 1}, STORED, upsert=True)
        yield client.butler.houses


@pytest.mark.parametrize(("stage", "expected"), CASES, ids=STAGES)
def test_nested_stages_are_right_only_with_the_work_around(
    server: tuple[bool, str],
    collection: Collection[dict[str, Any]],
    stage: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    is_mended, _ = server

    found = list(collection.aggregate([stage]))

    if is_mended:
        assert found == [expected]
    else:
        assert found != [expected], "SecantusDB has fixed its defect: remove mend_nested_stages and this test"


def test_an_update_with_a_pipeline_is_mended_too(
    server: tuple[bool, str], collection: Collection[dict[str, Any]]
) -> None:
    collection.update_one({"_id": 1}, [{"$set": {"house": {"city": "Bludhaven"}}}])

    house = collection.find_one({"_id": 1})["house"]
    assert (house == {"city": "Bludhaven", "rooms": 42}) is server[0]


def test_flat_stages_are_left_alone(collection: Collection[dict[str, Any]]) -> None:
    stages = [
        {"$addFields": {"nick": {"$toUpper": "$name"}}},
        {"$project": {"_id": 0, "nick": 1, "house.city": 1}},
    ]

    assert list(collection.aggregate(stages)) == [{"house": {"city": "Gotham"}, "nick": "ALFRED"}]
