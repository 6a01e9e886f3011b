"""Loki's push API: what a batch looks like, and what became of it.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs: POST /loki/api/v1/push, `application/json`,
`{"streams": [{"stream": {label: value}, "values": [["<nanoseconds>", "<line>"]]}]}`. Basic authentication and the
tenant's header are Loki's as well: `X-Scope-OrgID`, for an installation with several tenants.
"""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from itertools import groupby
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

APP = "butler"
PUSH_PATH = "/loki/api/v1/push"
TENANT_HEADER = "X-Scope-OrgID"
TIMEOUT_S = 5.0
# Other 2xx are no receipt: 260 says that Loki is told to take nothing for now (`block_ingestion_until`).
TAKEN_STATUSES = (200, 204)
# Said of the batch itself: another attempt would end in the same way.
REFUSED_STATUSES = (400, 413, 422)


class Entry(NamedTuple):
    """One line, and when it was written: nanoseconds since 1970."""

    at_ns: int
    level: str
    line: str


class Receipt(enum.Enum):
    """What became of a batch: taken, refused for good, or to be tried again."""

    TAKEN = enum.auto()
    REFUSED = enum.auto()
    AWAY = enum.auto()


class InvalidAddress(ValueError):
    """No address that can be pushed to. The address itself may hold a password and is not repeated."""


class LokiClient:
    """Pushes batches to `<url>/loki/api/v1/push`. Raises InvalidAddress.

    `http://user:password@host` makes it basic authentication, `http://tenant@host` is a tenant without one.
    """

    def __init__(self, url: str, *, process: str) -> None:
        parts, self._port = _split(url)
        self._host = parts.hostname or ""
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._path = f"{parts.path.rstrip('/')}{PUSH_PATH}"
        self._headers = {"Content-Type": "application/json", **_identify(parts)}
        self._process = process

    def push(self, entries: Sequence[Entry]) -> Receipt:
        """Send a batch; at most `TIMEOUT_S` for each step of it."""
        connection = self._connect(self._host, self._port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self._path, build_body(entries, process=self._process), self._headers)
            status = connection.getresponse().status
        except (OSError, HTTPException):
            return Receipt.AWAY
        finally:
            connection.close()
        if status in TAKEN_STATUSES:
            return Receipt.TAKEN
        return Receipt.REFUSED if status in REFUSED_STATUSES else Receipt.AWAY


def build_body(entries: Sequence[Entry], *, process: str) -> bytes:
    """Return the batch as JSON: a stream for each level, the lines of each in the order of `entries`.

    Labels are what lines are kept by, and few. The trace id is none: it stays in the line.
    """
    by_level = groupby(sorted(entries, key=lambda entry: entry.level), key=lambda entry: entry.level)
    streams = [
        {
            "stream": {"app": APP, "process": process, "level": level},
            "values": [[str(entry.at_ns), entry.line] for entry in found],
        }
        for level, found in by_level
    ]
    return json.dumps({"streams": streams}, ensure_ascii=False).encode(
        errors="replace"
    )  # half a pair of UTF-16


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidAddress from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidAddress
    return parts, port


def _identify(parts: SplitResult) -> dict[str, str]:
    if not parts.username:
        return {}
    user = unquote(parts.username)
    if parts.password is None:
        return {TENANT_HEADER: user}
    pair = base64.b64encode(f"{user}:{unquote(parts.password)}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
