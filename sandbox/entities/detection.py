"""Find what Telegram marks by itself: commands, mentions, hashtags, e-mail addresses and links."""

from __future__ import annotations

import re

from sandbox.entities.spans import Span

OPAQUE_KINDS = frozenset({"code", "pre", "text_link", "text_mention"})
# Order matters: an earlier pattern takes its characters from the later ones.
PATTERNS = (
    ("url", re.compile(r"(?<![\w@])https?://[^\s<>\"]*[^\s<>\".,;:!?')\]}]", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.@+-])[\w.+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,16}\b")),
    ("bot_command", re.compile(r"(?<![\w/>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z][A-Za-z0-9_]{3,31}\b")),
    ("hashtag", re.compile(r"(?<![\w#@])#(?=\w*[^\W\d])\w{1,256}")),
)
MARKERS = re.compile(r"[/@#]")


def detect_entities(text: str, taken: list[Span]) -> list[Span]:
    """Find automatic entities outside code and links of `taken`."""
    if MARKERS.search(text) is None:
        return []
    occupied = [(span.start, span.end) for span in taken if span.kind in OPAQUE_KINDS]
    found: list[Span] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in occupied):
                continue
            found.append(Span(kind, match.start(), match.end()))
            occupied.append(match.span())
    return found
