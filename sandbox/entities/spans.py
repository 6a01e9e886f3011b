"""An entity over positions of a Python string, before it becomes Telegram's MessageEntity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sandbox.entities.utf16 import Offsets
from sandbox.jsontypes import JsonObject

CODE_KINDS = frozenset({"code", "pre"})
QUOTE_KINDS = frozenset({"blockquote", "expandable_blockquote"})


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range `start`..`end` in characters; `extra` holds url, language, user or custom_emoji_id."""

    kind: str
    start: int
    end: int
    extra: JsonObject = field(default_factory=dict)


def to_entities(text: str, spans: Iterable[Span]) -> list[JsonObject]:
    """Turn spans into MessageEntity objects, ordered as Telegram orders them: outer before inner."""
    offsets = Offsets(text)
    entities = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        start, end = offsets.to_utf16(span.start), offsets.to_utf16(span.end)
        entities.append({"type": span.kind, "offset": start, "length": end - start, **span.extra})
    return entities


def from_entities(text: str, entities: Iterable[JsonObject]) -> list[Span]:
    """Turn MessageEntity objects into spans, cut to the text."""
    offsets = Offsets(text)
    spans = []
    for entity in entities:
        start = min(offsets.to_position(entity["offset"]), len(text))
        end = min(offsets.to_position(entity["offset"] + entity["length"]), len(text))
        extra = {name: entity[name] for name in entity if name not in {"type", "offset", "length"}}
        if start < end:
            spans.append(Span(entity["type"], start, end, extra))
    return spans


def settle_nesting(spans: list[Span]) -> list[Span]:
    """Apply Telegram's nesting rules (https://core.telegram.org/bots/api#formatting-options).

    Nothing lies inside `code` or `pre`, other formatting is split around them, block quotes do not nest.
    """
    code = _outermost([span for span in spans if span.kind in CODE_KINDS])
    quotes = _outermost([span for span in spans if span.kind in QUOTE_KINDS])
    others = [span for span in spans if span.kind not in CODE_KINDS | QUOTE_KINDS]
    pieces = [piece for span in others for piece in _around(span, code)]
    return [*quotes, *code, *pieces]


def _outermost(spans: list[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _around(span: Span, holes: list[Span]) -> list[Span]:
    pieces, start = [], span.start
    for hole in holes:
        if hole.end <= start or hole.start >= span.end:
            continue
        if hole.start > start:
            pieces.append(replace(span, start=start, end=hole.start))
        start = hole.end
    if start < span.end:
        pieces.append(replace(span, start=start))
    return pieces
