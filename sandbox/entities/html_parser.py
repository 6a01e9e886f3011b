"""Parse messages of parse_mode HTML as strictly as Telegram does.

The grammar is that of https://core.telegram.org/bots/api#html-style; error texts and the byte offsets in
them are Telegram's, so that a bot's own error handling can be tested against them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from sandbox.entities.spans import Span, settle_nesting
from sandbox.errors import bad_request

SIMPLE_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
}
SUPPORTED_TAGS = frozenset({*SIMPLE_TAGS, "a", "blockquote", "tg-emoji"})

MARKUP = re.compile(r"[<&]")
SPACES = re.compile(r"[ \t\r\n\0\v]*")
TAG_NAME = re.compile(r"[^ \t\r\n\0\v>]*")
ATTRIBUTE_NAME = re.compile(r"[^ \t\r\n\0\v=>/\"']*")
NAME_TOKEN = re.compile(r"[A-Za-z0-9.\-]*")
REFERENCE = re.compile(r"&(?:#(?:x([0-9a-fA-F]{1,7})|([0-9]{1,8}))|(lt|gt|amp|quot)\b);?")
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)
LANGUAGE_CLASS = "language-"
USER_LINK = re.compile(r"tg://user\?id=(\d{1,18})$")
WEB_LINK = re.compile(
    r"(?:(?:https?|tg|ton|tonsite|mailto|tel)://?)?[^\s/?#.]+(?:[.:/][^\s]*)$", re.IGNORECASE
)
INVALID_CHARACTERS = (
    "Text contains invalid Unicode characters after decoding HTML entities,"
    " check for unmatched surrogate code units"
)


@dataclass(slots=True)
class OpenTag:
    name: str
    start: int
    attributes: dict[str, str] = field(default_factory=dict)


def parse_html(source: str) -> tuple[str, list[Span]]:
    """Split HTML into its plain text and entity spans.

    Raises BotApiError 400 `can't parse entities: …`; offsets in it count UTF-8 bytes of `source`.
    """
    parser = _HtmlParser(source)
    return parser.parse()


class _HtmlParser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._pieces: list[str] = []
        self._length = 0
        self._open: list[OpenTag] = []
        self._spans: list[Span] = []

    def parse(self) -> tuple[str, list[Span]]:
        while (markup := MARKUP.search(self._source, self._position)) is not None:
            self._emit(self._source[self._position : markup.start()])
            self._position = markup.start()
            self._read_markup()
        self._emit(self._source[self._position :])
        if self._open:
            _refuse(f'Can\'t find end tag corresponding to start tag "{self._open[-1].name}"')
        return "".join(self._pieces), settle_nesting(self._spans)

    def _read_markup(self) -> None:
        if self._source[self._position] == "&":
            text, self._position = _decode_reference(self._source, self._position)
            self._emit(text)
        elif self._source.startswith("</", self._position):
            self._read_end_tag()
        else:
            self._read_start_tag()

    def _emit(self, text: str) -> None:
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def _read_start_tag(self) -> None:
        begin = self._position
        name_end = self._match_end(TAG_NAME, begin + 1)
        if name_end >= len(self._source):
            self._refuse_at("Unclosed start tag", begin)
        name = self._source[begin + 1 : name_end].lower()
        if name not in SUPPORTED_TAGS:
            self._refuse_at(f'Unsupported start tag "{name}"', begin)
        self._position = name_end
        attributes = self._read_attributes(name, begin)
        if name == "span" and attributes.get("class") != "tg-spoiler":
            self._refuse_at('Tag "span" must have class "tg-spoiler"', begin)
        if name == "tg-emoji" and not attributes.get("emoji-id", "").isdecimal():
            _refuse("Invalid custom emoji identifier specified")
        self._open.append(OpenTag(name, self._length, attributes))

    def _read_attributes(self, name: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._skip_spaces()
            if self._peek() == ">":
                self._position += 1
                return attributes
            attribute, value = self._read_attribute(name, begin)
            attributes.setdefault(attribute, value)

    def _read_attribute(self, name: str, begin: int) -> tuple[str, str]:
        end = self._match_end(ATTRIBUTE_NAME, self._position)
        attribute = self._source[self._position : end].lower()
        if not attribute:
            if not self._peek():
                self._refuse_at(f'Unclosed start tag "{name}"', begin)
            self._refuse_at(f'Empty attribute name in the tag "{name}"', begin)
        self._position = end
        self._skip_spaces()
        if self._peek() != "=":
            if not self._peek():
                self._refuse_at(f'Unclosed start tag "{name}"', begin)
            return attribute, ""
        self._position += 1
        self._skip_spaces()
        if not self._peek():
            self._refuse_at(f'Unclosed start tag "{name}"', begin)
        return attribute, self._read_value(begin)

    def _read_value(self, begin: int) -> str:
        quote = self._peek()
        if quote not in {"'", '"'}:
            start, self._position = self._position, self._match_end(NAME_TOKEN, self._position)
            if self._peek() not in {">", " ", "\t", "\r", "\n"}:
                self._refuse_at("Unexpected end of name token", start)
            return self._source[start : self._position].lower()
        end = self._source.find(quote, self._position + 1)
        if end < 0:
            self._refuse_at("Unclosed start tag", begin)
        value = self._source[self._position + 1 : end]
        self._position = end + 1
        return _decode_references(value)

    def _read_end_tag(self) -> None:
        begin = self._position
        if not self._open:
            self._refuse_at("Unexpected end tag", begin)
        name_end = self._match_end(TAG_NAME, begin + len("</"))
        name = self._source[begin + len("</") : name_end].lower()
        self._position = name_end
        self._skip_spaces()
        if self._peek() != ">":
            self._refuse_at("Unclosed end tag", begin)
        tag = self._open.pop()
        if name not in {"", tag.name}:
            where = f"Unmatched end tag at byte offset {self._bytes_before(begin)}"
            _refuse(f'{where}, expected "</{tag.name}>", found "</{name}>"')
        self._position += 1
        self._close(tag)

    def _close(self, tag: OpenTag) -> None:
        if tag.start == self._length:
            return
        if tag.name == "a":
            self._close_link(tag)
        elif tag.name == "code" and self._is_language_of_pre(tag):
            return
        elif tag.name == "blockquote":
            kind = "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"
            self._add(kind, tag)
        elif tag.name == "tg-emoji":
            self._add("custom_emoji", tag, custom_emoji_id=tag.attributes["emoji-id"])
        elif tag.name == "pre" and "language" in tag.attributes:
            self._add("pre", tag, language=tag.attributes["language"])
        else:
            self._add(SIMPLE_TAGS[tag.name], tag)

    def _is_language_of_pre(self, tag: OpenTag) -> bool:
        """Move the language of `<pre><code class="language-x">` to the `pre` it opens."""
        declared = tag.attributes.get("class", "")
        outer = self._open[-1] if self._open else None
        if outer is None or outer.name != "pre" or outer.start != tag.start:
            return False
        if declared.startswith(LANGUAGE_CLASS):
            outer.attributes["language"] = declared.removeprefix(LANGUAGE_CLASS)
        return True

    def _close_link(self, tag: OpenTag) -> None:
        text = "".join(self._pieces)[tag.start : self._length]
        url = tag.attributes.get("href", "") or text
        user = USER_LINK.match(url)
        if user is not None:
            user_id = int(user.group(1))
            self._add("text_mention", tag, user={"id": user_id, "is_bot": False, "first_name": text})
        elif WEB_LINK.match(url):
            self._add("text_link", tag, url=url)

    def _add(self, kind: str, tag: OpenTag, **extra: object) -> None:
        self._spans.append(Span(kind, tag.start, self._length, extra))

    def _peek(self) -> str:
        return self._source[self._position : self._position + 1]

    def _skip_spaces(self) -> None:
        self._position = self._match_end(SPACES, self._position)

    def _match_end(self, pattern: re.Pattern[str], position: int) -> int:
        match = pattern.match(self._source, position)
        return position if match is None else match.end()

    def _bytes_before(self, position: int) -> int:
        return len(self._source[:position].encode("utf-8", "surrogatepass"))

    def _refuse_at(self, reason: str, position: int) -> NoReturn:
        _refuse(f"{reason} at byte offset {self._bytes_before(position)}")


def _refuse(reason: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {reason}")


def _decode_reference(source: str, position: int) -> tuple[str, int]:
    """Decode the reference at `position`; what is none stays text, as `&nbsp;` does at Telegram."""
    match = REFERENCE.match(source, position)
    if match is None:
        return "&", position + 1
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return NAMED[name], match.end()
    code = int(hexadecimal, 16) if hexadecimal is not None else int(decimal)
    if code == 0 or code >= LAST_CODE_POINT:
        return "&", position + 1
    if code in SURROGATES:
        _refuse(INVALID_CHARACTERS)
    return chr(code), match.end()


def _decode_references(source: str) -> str:
    pieces, position = [], 0
    while (start := source.find("&", position)) >= 0:
        pieces.append(source[position:start])
        text, position = _decode_reference(source, start)
        pieces.append(text)
    return "".join([*pieces, source[position:]])
