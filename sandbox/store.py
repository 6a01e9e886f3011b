"""Durable state: one SQLite file, one writer, short batches.

A commit in WAL mode hands the pages to the operating system, so what was flushed survives SIGKILL of the
process. `synchronous=OFF` leaves out the disk barrier: a power cut may lose the last moments.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sandbox.jsontypes import JsonObject, encode

BATCH_DELAY_S = 0.002  # callers that arrive together share one commit
DATABASE_NAME = "sandbox.sqlite3"

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contents (file_id TEXT PRIMARY KEY, content BLOB NOT NULL);
"""
PUT = "INSERT OR REPLACE INTO records (kind, key, body) VALUES (?, ?, ?)"
DELETE = "DELETE FROM records WHERE kind = ? AND key = ?"

Key = int | str


class Store:
    """Keep JSON records by (kind, key) and file contents by file id.

    `put` and `delete` only take note; `flush` returns once everything noted so far is committed.
    Without a directory everything lives in memory.
    """

    def __init__(self, directory: Path | None) -> None:
        self._connection = sqlite3.connect(_database_path(directory), isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(SCHEMA)
        self._noted: dict[tuple[str, str], str | None] = {}
        self._batch: asyncio.Future[None] | None = None

    def put(self, kind: str, key: Key, body: JsonObject) -> None:
        self._noted[kind, str(key)] = encode(body)

    def delete(self, kind: str, key: Key) -> None:
        self._noted[kind, str(key)] = None

    def load(self, kind: str) -> Iterator[tuple[str, JsonObject]]:
        """Read the committed records of one kind, in no particular order."""
        rows = self._connection.execute("SELECT key, body FROM records WHERE kind = ?", (kind,))
        for key, body in rows.fetchall():
            yield key, json.loads(body)

    def write_content(self, file_id: str, content: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (file_id, content))

    def read_content(self, file_id: str) -> bytes | None:
        row = self._connection.execute(
            "SELECT content FROM contents WHERE file_id = ?", (file_id,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    async def flush(self) -> None:
        """Wait until everything noted so far would survive SIGKILL."""
        if not self._noted:
            return
        if self._batch is None:
            loop = asyncio.get_running_loop()
            self._batch = loop.create_future()
            loop.call_later(BATCH_DELAY_S, self._commit_batch)
        # Shielded: one caller giving up must not cancel the batch of the others.
        await asyncio.shield(self._batch)

    def close(self) -> None:
        self._commit()
        self._connection.close()

    def _commit_batch(self) -> None:
        batch, self._batch = self._batch, None
        if batch is None or batch.done():
            return
        try:
            self._commit()
        except sqlite3.Error as error:
            batch.set_exception(error)
        else:
            batch.set_result(None)

    def _commit(self) -> None:
        if not self._noted:
            return
        kept = [(kind, key, body) for (kind, key), body in self._noted.items() if body is not None]
        dropped = [identity for identity, body in self._noted.items() if body is None]
        self._connection.execute("BEGIN")
        try:
            self._connection.executemany(PUT, kept)
            self._connection.executemany(DELETE, dropped)
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._connection.execute("ROLLBACK")
            raise
        self._noted.clear()


def _database_path(directory: Path | None) -> str:
    if directory is None:
        return ":memory:"
    directory.mkdir(parents=True, exist_ok=True)
    return str(directory / DATABASE_NAME)
