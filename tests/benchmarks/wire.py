"""Read what clients send to MongoDB and Redis, from the bytes that pass by.

Sources: the MongoDB wire protocol (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/) and the
Redis serialization protocol (https://redis.io/docs/latest/develop/reference/protocol-spec/).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any, Protocol

import bson
from bson.codec_options import CodecOptions

OP_MSG = 2013
OP_QUERY = 2004  # only the very first greeting of a connection
HEADER = struct.Struct("<iiii")
FLAGS_BYTES = 4
CHECKSUM_PRESENT = 1
BODY_SECTION = 0
RAW_UUIDS = CodecOptions[dict[str, Any]](uuid_representation=0, tz_aware=True)
NUMBERS = re.compile(r"[0-9a-f]{24,}|\d+")


@dataclass(frozen=True, slots=True)
class Command:
    """A command as a client sent it; `label` names it without the ids in it."""

    label: str
    content: Any


class CommandReader(Protocol):
    def feed(self, received: bytes) -> list[Command]:
        """Return the commands completed by these bytes."""


class MongoReader:
    """Commands are documents: {command: collection, …, "$db": database}."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, received: bytes) -> list[Command]:
        self._buffer += received
        commands = []
        while len(self._buffer) >= HEADER.size:
            length, _, _, opcode = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < length:
                break
            message, self._buffer = self._buffer[HEADER.size : length], self._buffer[length:]
            commands.append(_read_message(opcode, message))
        return commands


def _read_message(opcode: int, message: bytes) -> Command:
    if opcode == OP_QUERY:
        return Command("hello (OP_QUERY)", {})
    if opcode != OP_MSG:
        return Command(f"opcode {opcode}", {})
    document = _read_sections(message)
    name, collection = next(iter(document.items()))
    label = f"{name} {collection}" if isinstance(collection, str) else name
    return Command(label, document)


def _read_sections(message: bytes) -> dict[str, Any]:
    """Put the sections of an OP_MSG together: the body, and sequences of documents under their names."""
    (flags,) = struct.unpack_from("<I", message)
    end = len(message) - (4 if flags & CHECKSUM_PRESENT else 0)
    position = FLAGS_BYTES
    body: dict[str, Any] = {}
    sequences: dict[str, Any] = {}
    while position < end:
        kind, start = message[position], position + 1
        (size,) = struct.unpack_from("<i", message, start)
        section = message[start : start + size]
        if kind == BODY_SECTION:
            body = bson.decode(section, RAW_UUIDS)
        else:
            name, _, documents = section[4:].partition(b"\0")
            sequences[name.decode()] = bson.decode_all(documents, RAW_UUIDS)
        position = start + size
    return body | sequences


class RedisReader:
    """Commands are arrays of byte strings; those of a MULTI are commands like any other."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, received: bytes) -> list[Command]:
        self._buffer += received
        commands = []
        while (found := _take_array(self._buffer)) is not None:
            words, self._buffer = found
            commands.append(Command(_name_redis_command(words), words))
        return commands


def _take_array(buffer: bytes) -> tuple[list[bytes], bytes] | None:
    """Return the first array of strings and the bytes after it, None while it is incomplete."""
    end = buffer.find(b"\r\n")
    if end < 0:
        return None
    count, position = int(buffer[1:end]), end + 2
    words = []
    for _ in range(count):
        end = buffer.find(b"\r\n", position)
        if end < 0:
            return None
        start, size = end + 2, int(buffer[position + 1 : end])
        if len(buffer) < start + size + 2:
            return None
        words.append(buffer[start : start + size])
        position = start + size + 2
    return words, buffer[position:]


def _name_redis_command(words: list[bytes]) -> str:
    name = words[0].decode().upper()
    if name == "BRPOP":  # of several queues, in changing order
        return name
    key_at = 3 if name in {"EVAL", "EVALSHA"} else 1
    key = words[key_at].decode(errors="replace") if len(words) > key_at else ""
    return f"{name} {NUMBERS.sub('#', key)[:40]}".strip()
