"""Quotes of a part of a message (https://core.telegram.org/bots/api#textquote)."""

from __future__ import annotations

from dataclasses import replace

from sandbox.entities.spans import from_entities, to_entities
from sandbox.entities.utf16 import Offsets, utf16_length
from sandbox.jsontypes import JsonObject
from sandbox.telegram.messages import Message

MAX_QUOTE = 1024  # UTF-16 code units, https://core.telegram.org/bots/api#replyparameters
KEPT_KINDS = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"})


def cut_quote(message: Message, wanted: str) -> JsonObject | None:
    """Build the TextQuote of a part of the message; None if the message has no such part."""
    start = message.text.find(wanted)
    if start < 0 or not wanted or utf16_length(wanted) > MAX_QUOTE:
        return None
    end = start + len(wanted)
    spans = [
        replace(span, start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in from_entities(message.text, message.entities)
        if span.kind in KEPT_KINDS and span.start < end and span.end > start
    ]
    quote: JsonObject = {"text": wanted, "position": Offsets(message.text).to_utf16(start), "is_manual": True}
    return {**quote, "entities": to_entities(wanted, spans)} if spans else quote
