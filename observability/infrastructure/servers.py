"""Are MongoDB and Redis there, and closed to strangers?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.db import connection
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from observability.infrastructure.outcomes import Unfit
from redis_connection import redis_client

TIMEOUT_S = 3
UNAUTHORIZED = 13  # MongoDB's error code
EMBEDDED = "embedded"

Document = Mapping[str, Any]


def check_mongodb() -> str:
    """Raise `Unfit` unless MongoDB is a replica set or sharded, lets us in by password and nobody without one."""
    connection.ensure_connection()
    admin = connection.connection.admin
    admin.command("ping")
    if settings.IS_MONGODB_EMBEDDED:
        return EMBEDDED
    if is_mongodb_open(settings.MONGODB_URL):
        raise Unfit("answers without a password")
    return judge_mongodb(admin.command("hello"), admin.command("connectionStatus"))


def judge_mongodb(hello: Document, status: Document) -> str:
    """Return what these answers of MongoDB say. Raises `Unfit`, for a standalone server among others.

    Writes are retried, which MongoDB does in replica sets and behind mongos only.
    """
    if not status["authInfo"]["authenticatedUsers"]:
        raise Unfit("MONGODB_URL names no user")
    if hello.get("msg") == "isdbgrid":
        return "sharded, by password"
    if not hello.get("setName"):
        raise Unfit("is no replica set")
    if not hello.get("isWritablePrimary"):
        raise Unfit(f"has no primary in {hello['setName']}")
    return f"primary of {hello['setName']}, by password"


def is_mongodb_open(url: str) -> bool:
    """Tell whether the server shows its databases to somebody without a password. Raises `PyMongoError` if away."""
    timeout_ms = TIMEOUT_S * 1_000
    with MongoClient[dict[str, Any]](
        leave_out_credentials(url),
        serverSelectionTimeoutMS=timeout_ms,
        connectTimeoutMS=timeout_ms,
        socketTimeoutMS=timeout_ms,
    ) as client:
        try:
            client.admin.command("listDatabases", nameOnly=True)
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise
            return False
        return True


def check_redis() -> str:
    """Raise `Unfit` unless Redis takes writes from us and nothing from somebody without a password."""
    _write_to_redis()
    if settings.IS_REDIS_EMBEDDED:
        return EMBEDDED
    if urlsplit(settings.REDIS_URL).scheme == "unix":
        return "by a socket of this machine"
    if is_redis_open(settings.REDIS_URL):
        raise Unfit("answers without a password")
    return "takes writes, by password"


def _write_to_redis() -> None:
    try:
        redis_client().set("infra:write", "1", ex=60)
    except ResponseError as error:  # a read-only replica, memory or disk that is full
        raise Unfit(f"refuses writes: {error}") from error


def is_redis_open(url: str) -> bool:
    """Tell whether the server answers somebody without a password. Raises `RedisError` if it is away."""
    stranger = Redis.from_url(
        leave_out_credentials(url), socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S
    )
    with stranger:
        try:
            stranger.ping()
        except AuthenticationError:
            return False
        except RedisError as error:
            if "NOAUTH" not in str(error):
                raise
            return False
        return True


def leave_out_credentials(url: str) -> str:
    """Return a server's address as it is without user, password, and what is said about how to prove them."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if not name.lower().startswith("auth")]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=urlencode(query)).geturl()
