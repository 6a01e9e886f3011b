"""The collections and indexes of the specification, read from the server."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from personalization.domain import memory

pytestmark = pytest.mark.django_db


def read_indexes(collection: str) -> dict[str, dict[str, Any]]:
    return dict(connection.get_collection(collection).index_information())


def test_profiles_have_their_indexes() -> None:
    indexes = read_indexes("user_profiles")

    assert indexes["user_id_unique"]["key"] == [("user_id", 1)]
    assert indexes["user_id_unique"]["unique"] is True
    assert [("created_at", 1)] in [index["key"] for index in indexes.values()]


def test_memory_has_its_indexes_the_ttl_one_included() -> None:
    indexes = read_indexes("user_memory")

    assert indexes["user_id_created_at"]["key"] == [("user_id", 1), ("created_at", -1)]
    assert indexes["created_at_ttl"]["key"] == [("created_at", 1)]
    assert indexes["created_at_ttl"]["expireAfterSeconds"] == 7_776_000


def test_the_inbox_has_its_indexes() -> None:
    indexes = read_indexes("inbox_updates")

    assert indexes["update_id_unique"]["unique"] is True
    assert indexes["received_at_ttl"]["expireAfterSeconds"] == 6 * 86_400


def test_the_unique_indexes_are_not_partial() -> None:
    for collection in ("user_profiles", "user_memory", "inbox_updates", "people"):
        for index in read_indexes(collection).values():
            assert "partialFilterExpression" not in index


def test_migrating_again_changes_nothing() -> None:
    before = read_indexes("user_memory")

    call_command("migrate", verbosity=0)

    assert read_indexes("user_memory") == before


def test_another_age_of_memory_is_applied_to_the_index(settings: Any) -> None:
    settings.MEMORY_TTL_DAYS = 30
    memory.apply_ttl()
    assert read_indexes("user_memory")["created_at_ttl"]["expireAfterSeconds"] == 30 * 86_400
    records = read_indexes("compressions")["compression_created_at_ttl"]
    assert records["expireAfterSeconds"] == 30 * 86_400

    settings.MEMORY_TTL_DAYS = 90
    memory.apply_ttl()
    assert read_indexes("user_memory")["created_at_ttl"]["expireAfterSeconds"] == 7_776_000
