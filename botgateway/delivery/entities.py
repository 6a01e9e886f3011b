"""Text with Telegram's message entities: https://core.telegram.org/bots/api#formatting-options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import takewhile
from typing import NamedTuple

_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAK = re.compile("\r\n?|[\u2028\u2029]")
# Blank to a reader, though Python does not call all of it white space: Telegram refuses such a message.
_VISIBLE = re.compile(
    r"[^\s\u00ad\u115f\u1160\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe0e\ufe0f\ufeff]"
)


class Style(NamedTuple):
    """A tag of Telegram's HTML; `attribute` is written into it as it stands, with its leading space."""

    tag: str
    attribute: str = ""


Run = tuple[str, tuple[Style, ...]]


@dataclass(frozen=True, slots=True)
class Rendered:
    """`html` for ``parse_mode=HTML``, `text` as the reader then sees it, `plain` with the URLs spelt out."""

    html: str
    text: str
    plain: str


def clean_text(text: str) -> str:
    """Return `text` with one kind of line break and nothing that UTF-8 or Telegram rejects.

    Control characters go, a lone surrogate becomes U+FFFD.
    """
    if not text.isascii() or "\r" in text:
        text = _LINE_BREAK.sub("\n", text)
    return _UNSENDABLE.sub(lambda match: "\ufffd" if match[0] >= "\ud800" else "", text)


def is_blank(text: str) -> bool:
    """Tell whether a reader would see nothing."""
    return _VISIBLE.search(text) is None


def verbatim(text: str) -> Rendered:
    """Return `text` without any entity."""
    return Rendered(escape(text, quote=False), text, text)


def serialise(runs: Sequence[Run]) -> str:
    """Write runs as HTML, closing and reopening tags so that they always nest."""
    output: list[str] = []
    opened: list[Style] = []
    for text, styles in [*runs, ("", ())]:
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(opened, styles, strict=False)))
        output += [f"</{style.tag}>" for style in reversed(opened[shared:])]
        output += [f"<{style.tag}{style.attribute}>" for style in styles[shared:]]
        opened[shared:] = styles[shared:]
        output.append(escape(text, quote=False))
    return "".join(output)
