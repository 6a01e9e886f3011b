"""XML as a stream of events. Entities of a document's own are refused: they serve bombs and spying, not texts."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, NamedTuple
from xml.parsers import expat  # nosec B407  # guarded below, and held by the limits of the process

_CHUNK_BYTES = 64 * 1024
# Word nests some thirty tags for a table in a table. Unclosed tags by the million pack into 60 KB and cost minutes.
_MAX_DEPTH = 500


class MalformedXml(Exception):
    """Not well formed, or made to hurt: with entities of its own, or endlessly nested."""


class EventKind(Enum):
    START = auto()
    END = auto()
    TEXT = auto()


class Event(NamedTuple):
    """`value` is the tag without its prefix, or the text. Prefixes are the producer's whim; tags do not clash here."""

    kind: EventKind
    value: str
    attributes: dict[str, str]


def read_events(stream: BinaryIO) -> Iterator[Event]:
    """Yield the events of a document as it is read; raise MalformedXml where it ends to be one."""
    events: list[Event] = []
    parser = _create_parser(events)
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)  # takes no keywords
            yield from events
            events.clear()
        parser.Parse(b"", True)
        yield from events
    except expat.ExpatError as error:
        raise MalformedXml from error


def _create_parser(events: list[Event]) -> expat.XMLParserType:
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise MalformedXml
        events.append(Event(EventKind.START, _strip_prefix(tag), attributes))

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        events.append(Event(EventKind.END, _strip_prefix(tag), {}))

    def text(data: str) -> None:
        events.append(Event(EventKind.TEXT, data, {}))

    def refuse(*_declaration: object) -> None:
        raise MalformedXml

    parser = expat.ParserCreate()  # nosec B316  # see the import
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.EntityDeclHandler = refuse
    return parser


def _strip_prefix(tag: str) -> str:
    return tag.rpartition(":")[2]
