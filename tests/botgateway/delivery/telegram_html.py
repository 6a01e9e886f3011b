"""A second opinion on Telegram's HTML: https://core.telegram.org/bots/api#html-style, read strictly."""

from __future__ import annotations

import re
from html import unescape

_PIECE = re.compile(
    r"<(/?)([a-z-]+)((?: [a-z]+=\"[^\"<>]*\")?)>|&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);|([^<>&])"
)
_ATTRIBUTES = {
    "a": r' href="(?:https?://|tg://|mailto:)[^"]*"',
    "code": r'( class="language-[^"\s]+")?',
}
_TAGS = {"b", "i", "u", "s", "a", "code", "pre", "blockquote", "tg-spoiler"}


def visible_text(html: str) -> str:
    """Return the text left after entity parsing; AssertionError where Telegram's rules are broken."""
    html.encode()
    opened: list[str] = []
    text: list[str] = []
    position = 0
    while position < len(html):
        match = _PIECE.match(html, position)
        assert match, f"not allowed here: {html[position : position + 20]!r}"
        closing, tag, attribute, _ = match.groups()
        if tag is None:
            text.append(unescape(match[0]))
        elif closing:
            assert opened.pop() == tag, f"</{tag}> closes something else"
        else:
            _check_opening(opened, tag, attribute)
            opened.append(tag)
        position = match.end()
    assert not opened, f"left open: {opened}"
    return "".join(text)


def _check_opening(opened: list[str], tag: str, attribute: str) -> None:
    assert tag in _TAGS, f"unknown tag {tag}"
    assert re.fullmatch(_ATTRIBUTES.get(tag, ""), attribute, re.IGNORECASE), (
        f"bad attribute {attribute} of {tag}"
    )
    if tag == "code" and "class" in attribute:
        assert opened == ["pre"], "a language outside pre"
    elif tag in {"code", "pre"}:
        assert not opened, f"{tag} inside {opened}"
    else:
        assert tag not in opened, f"{tag} inside itself"
        assert not {"code", "pre"} & set(opened), f"{tag} inside code"
