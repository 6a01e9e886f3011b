"""Cut a long Markdown reply into messages that Telegram accepts.

Telegram counts a message's length after entity parsing, in UTF-16 code units:
https://core.telegram.org/bots/api#sendmessage (text) and https://core.telegram.org/api/entities#entity-length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import category

from botgateway.delivery.entities import Rendered, clean_text, is_blank
from botgateway.delivery.markdown import render
from botgateway.domain.message_length import MESSAGE_LIMIT, utf16_length

MIN_LIMIT = 2  # one character outside the basic plane takes two units
STABLE_LIMIT = 128  # more than the longest opening line of a fence

_MAX_OPENER = 80  # characters; a longer opening line is not repeated in the next part
_MAX_CLUSTER = 64  # characters to step back for the start of a composed character
_JOINERS = "\u200d"  # zero-width joiner; variation selectors are marks
_MIN_FILL = 4  # a cut at a block or line end leaves a part at least a quarter full

_FENCE = re.compile(r"([ \t>]*)((?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}(?!.*`)|~{3,})")
# A part must not begin with what only there would be read as a list, a quote, a heading or a rule.
_BLOCK_START = "-+*>#~`_"
_WORD_GAP = re.compile(rf"\s+(?=[^\s{re.escape(_BLOCK_START)}])")
_SENTENCE_GAP = re.compile(rf"[.!?…][»”\"')\]]*{_WORD_GAP.pattern}")


@dataclass(frozen=True, slots=True)
class Part:
    """One message: `html` for ``parse_mode=HTML``, `plain` to retry without a parse mode."""

    html: str
    plain: str


@dataclass(frozen=True, slots=True)
class _Fence:
    start: int  # index of the opening line
    code: int  # index of the first line of code
    opener: str  # the opening line, as it is to be repeated
    marker: str
    is_quoted: bool

    @property
    def closer(self) -> str:
        return self.opener[: self.opener.index(self.marker)] + self.marker

    def is_closed_by(self, line: str) -> bool:
        bare = self.bare(line)
        return bare.startswith(self.marker) and not bare.strip(self.marker[0])

    def bare(self, line: str) -> str:
        return line.strip(" \t>" if self.is_quoted else " \t")


def split_markdown(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """Cut Markdown into parts whose rendered text is at most `limit` UTF-16 code units.

    Joined, the parts give the cleaned text back up to white space at the cuts and reopened code fences.
    Blank text gives no parts. Raises ValueError for a limit below `MIN_LIMIT`.

    While a text grows at its end, every part but the last is final, if the limit is at least
    `STABLE_LIMIT` and no part renders longer than its source; only aligned tables and lists nested by tabs
    can do that.
    """
    return [source for source, _ in _parts(text, limit)]


def render_parts(markdown: str, limit: int = MESSAGE_LIMIT) -> list[Part]:
    """Split as `split_markdown` does and render the parts.

    Neither form of a part is empty or longer than `limit` UTF-16 code units; `plain` spells out
    the URLs of links.
    """
    return [Part(rendered.html, rendered.plain) for _, rendered in _parts(markdown, limit)]


def _parts(text: str, limit: int) -> Iterator[tuple[str, Rendered]]:
    if limit < MIN_LIMIT:
        raise ValueError(f"a limit of {limit} is below {MIN_LIMIT} UTF-16 code units")
    rest = _trim(clean_text(text))
    while rest:
        source, rendered, rest = _take(rest, limit)
        if not is_blank(rendered.text):
            yield source, rendered


def _trim(text: str) -> str:
    """Drop empty lines around `text` but keep the indentation of its first line."""
    text = text.rstrip()
    return text[text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1 :]


def _take(rest: str, limit: int) -> tuple[str, Rendered, str]:
    """Return the first part, its rendering and what remains.

    A budget shrinks if the rendering shows it to be too generous; that ends with a piece of bare source.
    """
    budget = limit
    while True:
        source, remainder = _cut_off(rest, budget)
        rendered = render(source)
        length = utf16_length(rendered.plain)
        if length <= limit:
            return source, rendered, remainder
        if budget == 1:
            return _take_source(rest, limit)
        budget = max(1, min(budget * limit // length, budget * 7 // 8))


def _take_source(rest: str, limit: int) -> tuple[str, Rendered, str]:
    """Cut regardless of fences: off a piece of source as long as the limit, or else its first character."""
    for end in (_index_at(rest, limit), 1):
        rendered = render(rest[:end])
        if utf16_length(rendered.plain) <= limit:
            break
    return rest[:end], rendered, _trim(rest[end:])


def _cut_off(rest: str, budget: int) -> tuple[str, str]:
    """Return a first part whose source is within `budget`, not counting the frame of a fence at its start."""
    fence = _fence_at(rest, 0)
    frame = utf16_length(fence.opener) + utf16_length(fence.closer) + 2 if fence else 0
    stop = _index_at(rest, budget + frame)
    if stop == len(rest) and (whole := _whole(rest, fence, budget)):
        return whole, ""
    lines, fence = _scan(rest[: stop + 1])
    if fence and fence.start == 0:
        return _cut_code(rest, fence, budget)
    end = fence.start if fence else _choose_end(rest[: stop + 1], lines)
    return rest[:end].rstrip(), _trim(rest[end:])


def _whole(rest: str, fence: _Fence | None, budget: int) -> str | None:
    """Return `rest`, half a closing line completed; None if the code of an open `fence` is over `budget`."""
    if fence is None or utf16_length(rest[fence.code :]) <= budget:
        return rest
    still_open = _scan(rest + "\n")[1]
    if still_open is None or still_open.start > 0:
        return rest
    code, _, last_line = rest[fence.code :].rpartition("\n")
    is_closing = not fence.bare(last_line).strip(fence.marker[0])
    if is_closing and utf16_length(code.rstrip()) <= budget:
        return f"{rest[: fence.code]}{code.rstrip()}\n{fence.closer}"
    return None


def _cut_code(rest: str, fence: _Fence, budget: int) -> tuple[str, str]:
    """Cut inside a fence: it is closed in the first part and reopened in the second."""
    stop = max(fence.code + _index_at(rest[fence.code :], budget), fence.code + 1)
    window = rest[: stop + 1]
    least = fence.code + (stop - fence.code) // _MIN_FILL
    end = max(window.rfind("\n", least), window.rfind(" ", least) if "\n" not in window[least:] else -1)
    if end <= fence.code:
        end = _whole_cluster(window, stop, fence.code + 1)
    code, tail = rest[fence.code : end].rstrip(), rest[end:].removeprefix("\n")
    head = "" if is_blank(code) else f"{rest[: fence.code]}{code}\n{fence.closer}"
    next_line, _, after = tail.lstrip().partition("\n")
    if not next_line or fence.is_closed_by(next_line):
        return head, _trim(after)
    return head, f"{fence.opener}\n{tail}"


def _scan(window: str) -> tuple[list[int], _Fence | None]:
    """Return the starts of the lines outside code, and the fence that is open at the end of the window."""
    lines: list[int] = []
    fence: _Fence | None = None
    start = 0
    while (end := window.find("\n", start)) >= 0:
        if fence is None:
            lines.append(start)
            fence = _fence_at(window, start)
        elif fence.is_closed_by(window[start:end]):
            fence = None
        start = end + 1
    if fence is None:
        lines.append(start)
        fence = _fence_at(window, start)
    return lines, fence


def _fence_at(text: str, start: int) -> _Fence | None:
    match = _FENCE.match(text, start)
    if match is None:
        return None
    end = text.find("\n", start)
    line_end = len(text) if end < 0 else end
    if line_end - start > _MAX_OPENER:
        return None
    indent, item, marker = match.groups(default="")
    opener = indent + " " * len(item) + text[match.start(3) : line_end].rstrip()
    return _Fence(start, min(line_end + 1, len(text)), opener, marker, ">" in indent)


def _choose_end(window: str, lines: list[int]) -> int:
    """Choose where to cut a window of which all but the last character may be in the part.

    The choice reads nothing after the window, so that it stays while the text grows.
    """
    least = len(window) // _MIN_FILL
    ends = [start for start in lines if start > 0]
    block_ends = [start for start in ends if window.endswith("\n\n", 0, start)]
    for candidates in (block_ends, ends):
        if candidates and candidates[-1] >= least:
            return candidates[-1]
    line = lines[-1]
    sentences = [match.end() for match in _SENTENCE_GAP.finditer(window, line)]
    words = [match.end() for match in _WORD_GAP.finditer(window, line + 1)]
    for candidates in (sentences, words):
        if candidates and candidates[-1] >= max(least, line + 1):
            return candidates[-1]
    return max([*words, *ends], default=0) or _whole_cluster(window, len(window) - 1, 1)


def _index_at(text: str, units: int) -> int:
    """Return the length of the longest beginning of `text` that is within `units` UTF-16 code units."""
    head = text[:units]
    if head.isascii():
        return len(head)
    return len(head.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


def _whole_cluster(window: str, stop: int, least: int) -> int:
    """Step back from `stop` to where neither a composed character nor a would-be block start is cut off."""
    lowest = max(least, stop - _MAX_CLUSTER)
    whole = [end for end in range(stop, lowest - 1, -1) if not _is_joined(window, end)]
    return next(
        (end for end in whole if window[end] not in _BLOCK_START), max([*whole[:1], least]) if whole else stop
    )


def _is_joined(text: str, index: int) -> bool:
    """Tell whether the character at `index` belongs to the one before it (Unicode's UAX #29, simplified)."""
    before, after = text[index - 1], text[index]
    if _is_regional(after):
        first = index
        while first > 0 and _is_regional(text[first - 1]):
            first -= 1
        return (index - first) % 2 == 1
    return before in _JOINERS or after in _JOINERS or category(after).startswith("M") or _is_modifier(after)


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_modifier(char: str) -> bool:
    """Tell whether `char` is an emoji's skin tone or one of the tags of a subdivision's flag."""
    return "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f"
