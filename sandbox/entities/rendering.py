"""Render text with entities as HTML that is safe to insert into the chat page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from sandbox.entities.spans import Span, from_entities
from sandbox.jsontypes import JsonObject

TAGS = {
    "bold": "strong",
    "italic": "em",
    "underline": "u",
    "strikethrough": "s",
    "code": "code",
    "blockquote": "blockquote",
}
OPENINGS = {kind: f"<{tag}>" for kind, tag in TAGS.items()} | {
    "expandable_blockquote": '<blockquote class="expandable" tabindex="0">',
    "bot_command": '<button type="button" class="command">',
    "spoiler": '<span class="spoiler" tabindex="0" role="button">',
}
CLOSINGS = {kind: f"</{tag}>" for kind, tag in TAGS.items()} | {
    "pre": "</code></pre>",
    "expandable_blockquote": "</blockquote>",
    "bot_command": "</button>",
    "spoiler": "</span>",
}
BLOCK_ENDS = ("</pre>", "</blockquote>")
SAFE_SCHEMES = ("http://", "https://", "mailto:", "tg://")


def render_html(text: str, entities: list[JsonObject]) -> str:
    """Render to HTML: the text escaped, only tags and attributes of this module's own making.

    Entities that overlap without nesting are closed and opened again at the edges.
    """
    spans = from_entities(text, entities)
    edges = sorted({0, len(text), *(span.start for span in spans), *(span.end for span in spans)})
    pieces: list[str] = []
    active: list[Span] = []
    for start, end in zip(edges, [*edges[1:], len(text)], strict=True):
        active = list(_reopen(pieces, active, spans, start, text))
        is_after_block = bool(pieces) and pieces[-1].endswith(BLOCK_ENDS)
        # A block ends its line by itself; the text's own line break would show as an empty line.
        pieces.append(_escape(text[start:end].removeprefix("\n") if is_after_block else text[start:end]))
    return "".join(pieces)


def _reopen(
    pieces: list[str], active: list[Span], spans: list[Span], position: int, text: str
) -> Iterator[Span]:
    wanted = [span for span in spans if span.start <= position < span.end]
    wanted.sort(key=lambda span: (span.start, -span.end))
    shared = 0
    while shared < min(len(active), len(wanted)) and active[shared] is wanted[shared]:
        shared += 1
    pieces.extend(_end_tag(span) for span in reversed(active[shared:]))
    pieces.extend(_start_tag(span, text) for span in wanted[shared:])
    yield from wanted


def _start_tag(span: Span, text: str) -> str:
    if span.kind in OPENINGS:
        return OPENINGS[span.kind]
    if span.kind == "pre":
        language = span.extra.get("language", "")
        return f'<pre data-language="{_attribute(language)}"><code>'
    link = _link(span, text)
    if link:
        return f'<a href="{_attribute(link)}" rel="noopener noreferrer nofollow" target="_blank">'
    return f'<span class="entity-{_attribute(span.kind)}">'


def _end_tag(span: Span) -> str:
    if span.kind in CLOSINGS:
        return CLOSINGS[span.kind]
    return "</a>" if _link(span, "") else "</span>"


def _link(span: Span, text: str) -> str:
    if span.kind == "email":
        return f"mailto:{text[span.start : span.end]}"
    if span.kind == "url":
        return text[span.start : span.end] or "https://"
    if span.kind != "text_link":
        return ""
    url = str(span.extra.get("url", ""))
    if url.lower().startswith(SAFE_SCHEMES):
        return url
    return "" if ":" in url.split("/", 1)[0] else f"https://{url}"


def _attribute(value: object) -> str:
    return _escape(str(value))


def _escape(text: str) -> str:
    """Escape for text and attributes; NULs and lone surrogates become the replacement character."""
    escaped = escape(text, quote=True).replace("\0", "\ufffd")
    return escaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
