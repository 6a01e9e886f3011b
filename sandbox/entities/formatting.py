"""Turn what a bot or a person sends into the text and entities that Telegram keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sandbox.entities.detection import detect_entities
from sandbox.entities.html_parser import parse_html
from sandbox.entities.spans import Span, from_entities, settle_nesting, to_entities
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject

MAX_SOURCE_BYTES = 1 << 15  # the Bot API server refuses longer texts before it parses them

# Telegram shows control characters as spaces and drops carriage returns.
CLEANED = dict.fromkeys((*range(9), 11, 12, *range(14, 32)), " ") | {13: None}


@dataclass(frozen=True, slots=True)
class FormattedText:
    """Plain text and its MessageEntity objects."""

    text: str
    entities: list[JsonObject] = field(default_factory=list)


def format_bot_text(
    source: str, *, parse_mode: str = "", entities: list[JsonObject] | None = None
) -> FormattedText:
    """Format a text that a bot sends.

    Raises BotApiError 400 if it is longer than 32 KiB, its encoding or its markup is broken.
    Markdown parse modes are not offered.
    """
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise bad_request("strings must be encoded in UTF-8") from error
    if size > MAX_SOURCE_BYTES:
        raise bad_request("text is too long")
    mode = parse_mode.lower()
    if mode == "html":
        text, spans = parse_html(source)
    elif mode in {"", "none"}:
        text, spans = source, settle_nesting(from_entities(source, entities or []))
    else:
        raise bad_request("unsupported parse_mode")
    text, spans = _trim(*_clean(text, spans))
    return FormattedText(text, to_entities(text, [*spans, *detect_entities(text, spans)]))


def format_person_text(text: str) -> FormattedText:
    """Mark commands and links in a person's text; the text itself passes as it is, hostile or not."""
    return FormattedText(text, to_entities(text, detect_entities(text, [])))


def _clean(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    if text.isprintable() or ("\r" not in text and text.translate(CLEANED) == text):
        return text, spans
    before = [0]
    for character in text:
        before.append(before[-1] + (character != "\r"))
    moved = [replace(span, start=before[span.start], end=before[span.end]) for span in spans]
    return text.translate(CLEANED), moved


def _trim(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """Drop trailing white space and leading empty lines, but not the indentation of the first line."""
    text = text.rstrip()
    first_entity = min((span.start for span in spans), default=len(text))
    blank = len(text) - len(text.lstrip(" \n"))
    cut = text.rfind("\n", 0, min(blank, first_entity)) + 1
    if not text[cut:].strip():
        return "", []
    moved = [
        replace(span, start=max(span.start - cut, 0), end=min(span.end, len(text)) - cut) for span in spans
    ]
    return text[cut:], [span for span in moved if span.start < span.end]
