"""What the embedded servers acknowledged is there after a SIGKILL."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pymongo
import pytest
import redis as redis_py
from pymongo.errors import DuplicateKeyError, PyMongoError

from butler_project.embedded.services import EmbeddedService
from tests.harness.processes import PATIENCE_S, wait_until

ROUNDS = 3
WRITERS = 4
WRITES_BEFORE_THE_KILL = 150


def write_until_killed(service: EmbeddedService, write: Callable[[str], None]) -> list[str]:
    """Have several threads write keys, SIGKILL the server amid their writes, return what it acknowledged."""
    acknowledged: list[str] = []
    killed_pid = service.pid
    assert killed_pid is not None
    is_killed = threading.Event()

    def write_on(writer: int) -> None:
        for number in count():
            if is_killed.is_set():
                return
            key = f"{killed_pid}-{writer}-{number}"
            with suppress(PyMongoError, redis_py.RedisError):
                write(key)
                acknowledged.append(key)

    writers = [threading.Thread(target=write_on, args=(writer,)) for writer in range(WRITERS)]
    for thread in writers:
        thread.start()
    try:
        wait_until(lambda: len(acknowledged) >= WRITES_BEFORE_THE_KILL, what="enough writes")
        os.kill(killed_pid, signal.SIGKILL)
    finally:
        is_killed.set()
    for thread in writers:
        thread.join(PATIENCE_S)
    wait_until(lambda: service.pid not in {None, killed_pid}, what="another process")
    service.wait_until_ready()
    return acknowledged


def test_a_killed_mongodb_keeps_every_acknowledged_write(mongodb: EmbeddedService) -> None:
    acknowledged: set[str] = set()
    for _ in range(ROUNDS):
        with pymongo.MongoClient(mongodb.url, retryWrites=False) as client:
            acknowledged.update(write_until_killed(mongodb, partial(insert_key, client.butler.writes)))

        with pymongo.MongoClient(mongodb.url) as client:
            stored = {document["_id"] for document in client.butler.writes.find()}
        assert acknowledged - stored == set()
    assert mongodb.restarts == ROUNDS


def insert_key(collection: pymongo.collection.Collection[dict[str, str]], key: str) -> None:
    collection.insert_one({"_id": key, "text": "x" * 500})


def test_a_killed_redis_keeps_every_acknowledged_write(redis: EmbeddedService) -> None:
    acknowledged: set[str] = set()
    for _ in range(ROUNDS):
        with redis_py.Redis.from_url(redis.url, retry=None) as client:
            acknowledged.update(write_until_killed(redis, partial(push_key, client)))

        with redis_py.Redis.from_url(redis.url, decode_responses=True) as client:
            stored = set(client.lrange("writes", 0, -1))
        assert acknowledged - stored == set()
    assert redis.restarts == ROUNDS


def push_key(client: redis_py.Redis, key: str) -> None:
    client.rpush("writes", key)


def test_data_outlives_a_normal_stop(mongodb: EmbeddedService, redis: EmbeddedService) -> None:
    with pymongo.MongoClient(mongodb.url) as client, redis_py.Redis.from_url(redis.url) as cache:
        client.butler.people.insert_one({"_id": "bruce"})
        client.butler.people.create_index("name", unique=True, name="name_unique")
        cache.set("guest", "clark")
    urls = mongodb.url, redis.url

    mongodb.stop()
    redis.stop()

    assert (mongodb.start(), redis.start()) == urls
    with pymongo.MongoClient(mongodb.url) as client, redis_py.Redis.from_url(redis.url) as cache:
        assert list(client.butler.people.find()) == [{"_id": "bruce"}]
        assert client.butler.people.index_information()["name_unique"]["unique"] is True
        assert cache.get("guest") == b"clark"


def test_a_unique_index_holds_under_threads(mongodb: EmbeddedService) -> None:
    accepted: list[int] = []
    with pymongo.MongoClient(mongodb.url) as client:
        updates = client.butler.updates
        updates.create_index("update_id", unique=True)

        def insert_all() -> None:
            for update_id in range(20):
                try:
                    updates.insert_one({"update_id": update_id})
                except DuplicateKeyError:
                    continue
                accepted.append(update_id)

        threads = [threading.Thread(target=insert_all) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(accepted) == list(range(20))
        assert updates.count_documents({}) == 20


def test_expired_documents_go_and_others_stay(mongodb: EmbeddedService) -> None:
    now = datetime.now(UTC)
    with pymongo.MongoClient(mongodb.url) as client:
        events = client.butler.events
        events.create_index("created_at", expireAfterSeconds=3_600, name="created_at_ttl")
        events.insert_many(
            [
                {"_id": "expired", "created_at": now - timedelta(hours=2)},
                {"_id": "young", "created_at": now},
                {"_id": "dateless"},
            ]
        )

        wait_until(lambda: events.count_documents({"_id": "expired"}) == 0, what="the expiry")

        assert {event["_id"] for event in events.find()} == {"young", "dateless"}


@pytest.mark.parametrize("name", ["mongodb", "redis"])
def test_nobody_else_can_reach_the_servers(name: str, request: pytest.FixtureRequest) -> None:
    import psutil

    service: EmbeddedService = request.getfixturevalue(name)

    listening = [c for c in psutil.Process(service.pid).net_connections() if c.status == psutil.CONN_LISTEN]

    assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", service.port)]
