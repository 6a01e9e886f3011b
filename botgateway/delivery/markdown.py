"""Render a language model's Markdown as the HTML subset of Telegram's Bot API.

The target: https://core.telegram.org/bots/api#html-style. ``code`` and ``pre`` stand alone here, never inside
another entity and never around one; a block quote holds no block quote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.token import Token

from botgateway.delivery.entities import Rendered, Run, Style, clean_text, is_blank, serialise, verbatim
from botgateway.delivery.tables import align_rows, count_cells

BULLET = "•"
INDENT = "  "  # no wider than the narrowest nesting of the source, so that rendering does not lengthen a list
RULE = "———"

_LINK_SCHEMES = ("http://", "https://", "tg://", "mailto:")
_MARKUP = re.compile(r"[*_`~\[<&\\|]|^(?:[^\S\n]|[-+=#>:]|\d{1,9}[.)])", re.MULTILINE)
_LANGUAGE = re.compile(r"[\w+#.-]{1,32}")
_INLINE_STYLES = {"strong": Style("b"), "em": Style("i"), "s": Style("s")}
_QUOTE = Style("blockquote")


class _Parser(MarkdownIt):
    """Leave link destinations as they are: the writer decides which of them become links."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        return link


def _build_parser() -> _Parser:
    parser = _Parser("commonmark", {"html": False, "linkify": False})
    parser.enable(["strikethrough", "table"])
    # Indented code and underlined headings are accidents in a model's reply (and flicker while it streams);
    # a reference definition would vanish from the text; text_join would hide which text came from an entity.
    parser.disable(["code", "lheading", "reference", "text_join"])
    # A parse keeps its state to itself, but the first one compiles the rule chains: threads must not race.
    parser.parse("*a*")
    return parser


_parser = _build_parser()
_max_level = _parser.options["maxNesting"] - 1


def render_html(markdown: str) -> str:
    """Render Markdown as Telegram HTML; whatever is unclosed or not understood stays as escaped text."""
    return render(clean_text(markdown)).html


def render(markdown: str) -> Rendered:
    """Render text that `clean_text` has cleaned; blank text gives three empty strings."""
    if is_blank(markdown):
        return Rendered("", "", "")
    if _MARKUP.search(markdown) is None:
        return verbatim(re.sub(r"\n{3,}", "\n\n", re.sub(r" +\n", "\n", markdown.strip())))
    tokens = _parser.parse(markdown)
    if any(token.level >= _max_level for token in tokens):  # the parser drops what is nested deeper
        return verbatim(markdown.strip("\n"))
    writer = _Writer(markdown.split("\n"))
    writer.write_blocks(tokens)
    rendered = writer.finish()
    return verbatim(markdown.strip("\n")) if is_blank(rendered.text) else rendered


@dataclass(slots=True)
class _Writer:
    """Collects runs of equally styled text from a token stream."""

    lines: Sequence[str]
    runs: list[Run] = field(default_factory=list)
    spelt_urls: dict[int, str] = field(default_factory=dict)  # by the index of the run that they follow
    styles: list[Style] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)  # first run and URL of each open link
    list_depth: int = 0
    quote_depth: int = 0
    quote: int = 0  # number of the outermost open quote, 0 outside
    quotes_seen: int = 0
    outer_depth: int = 0  # of the lists around the outermost open quote
    marker: str = ""  # of a list item whose first block has not come yet
    marker_line: int = 0
    last_line: int = 0
    last_quote: int = 0

    def finish(self) -> Rendered:
        text = "".join(run for run, _ in self.runs)
        if not self.spelt_urls:
            return Rendered(serialise(self.runs), text, text)
        plain = "".join(run + self.spelt_urls.get(index, "") for index, (run, _) in enumerate(self.runs))
        return Rendered(serialise(self.runs), text, plain)

    def add(self, text: str, styles: tuple[Style, ...] | None = None) -> None:
        if text:
            self.runs.append((text, tuple(dict.fromkeys(self.styles)) if styles is None else styles))

    # Blocks

    def write_blocks(self, tokens: Sequence[Token]) -> None:
        stream = iter(tokens)
        for token in stream:
            if token.type == "table_open":
                cells = takewhile(lambda following: following.type != "table_close", stream)
                self.write_table(token, list(cells))
            elif token.type == "inline":
                self.write_inline(token.children or [])
            elif handler := _BLOCKS.get(token.type):
                handler(self, token)

    def begin_block(self, token: Token, *, is_preformatted: bool = False) -> None:
        """Separate a block from the last one as its author did: by a line break or by an empty line."""
        start, end = token.map or (self.last_line, self.last_line)
        quote = 0 if is_preformatted else self.quote
        if self.runs:
            is_same_quote = quote and quote == self.last_quote
            self.add("\n\n" if start > self.last_line else "\n", (_QUOTE,) if is_same_quote else ())
        self.last_line, self.last_quote = end, quote
        if not is_preformatted:
            self.add(self.marker or INDENT * self.list_depth)
            self.marker = ""

    def write_marker_alone(self, _token: Token) -> None:
        if not self.marker:
            return
        self.marker = self.marker.rstrip()
        self.begin_block(Token("marker", "", 0, map=[self.marker_line, self.marker_line + 1]))

    def open_heading(self, token: Token) -> None:
        self.begin_block(token)
        self.styles.append(_INLINE_STYLES["strong"])

    def close_heading(self, _token: Token) -> None:
        self.styles.pop()

    def open_list(self, _token: Token) -> None:
        self.list_depth += 1

    def close_list(self, _token: Token) -> None:
        self.list_depth -= 1

    def open_item(self, token: Token) -> None:
        number = f"{token.info}{token.markup}" if token.info else BULLET
        self.marker = f"{self.marker or INDENT * (self.list_depth - 1)}{number} "
        self.marker_line = token.map[0] if token.map else self.last_line

    def open_quote(self, token: Token) -> None:
        if self.quote_depth == 0:
            self.write_marker_alone(token)
            self.quotes_seen += 1
            self.quote = self.quotes_seen
            self.outer_depth, self.list_depth = self.list_depth, 0
            self.styles.append(_QUOTE)
        self.quote_depth += 1

    def close_quote(self, _token: Token) -> None:
        self.quote_depth -= 1
        if self.quote_depth == 0:
            self.quote = 0
            self.list_depth = self.outer_depth
            self.styles.pop()

    def write_rule(self, token: Token) -> None:
        self.begin_block(token)
        self.add(RULE)

    def write_fence(self, token: Token) -> None:
        language = _LANGUAGE.match(token.info.strip())
        code = token.content.removesuffix("\n")
        inner = (Style("code", f' class="language-{language[0]}"'),) if language else ()
        self.write_preformatted(token, code, inner)

    def write_preformatted(self, token: Token, text: str, inner: tuple[Style, ...] = ()) -> None:
        self.write_marker_alone(token)
        if is_blank(text):
            return
        self.begin_block(token, is_preformatted=True)
        self.add(text, (Style("pre"), *inner))

    def write_table(self, table: Token, tokens: Sequence[Token]) -> None:
        rows: list[list[str]] = []
        alignments: list[str] = []
        is_complete = True
        for token in tokens:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "th_open":
                alignments.append(str(token.attrs.get("style", "")))
            elif token.type == "inline":
                rows[-1].append(self.cell_text(token))
        for token in tokens:
            if token.type == "tr_open" and token.map:
                is_complete &= count_cells(self.lines[token.map[0]]) <= len(alignments)
        start, end = table.map or (0, 0)
        source = (line.strip() for line in self.lines[start:end])
        # The parser drops cells beyond the last heading: such a table is shown as it was written.
        text = "\n".join(align_rows(rows, alignments) if is_complete else source)
        self.write_preformatted(table, text)

    def cell_text(self, token: Token) -> str:
        cell = _Writer(self.lines)
        cell.write_inline(token.children or [])
        return cell.finish().plain.strip()

    # Inline

    def write_inline(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            kind, _, side = token.type.rpartition("_")
            if style := _INLINE_STYLES.get(kind):
                self.styles = [*self.styles, style] if side == "open" else self.styles[:-1]
            elif handler := _INLINE.get(token.type):
                handler(self, token)
            else:
                self.add(token.content)

    def write_entity(self, token: Token) -> None:
        self.add(clean_text(token.content))

    def write_break(self, _token: Token) -> None:
        self.add("\n")

    def write_code(self, token: Token) -> None:
        is_plain = bool(self.quote or any(style.tag == "a" for style in self.styles))
        self.add(token.content, None if is_plain else (Style("code"),))

    def write_image(self, token: Token) -> None:
        if self.links:
            self.add(clean_text(token.content))
            return
        self.open_link(token)
        self.add(clean_text(token.content))
        self.close_link(token)

    def open_link(self, token: Token) -> None:
        url = clean_text(str(token.attrs.get("href") or token.attrs.get("src") or ""))
        self.links.append((len(self.runs), url))
        if _is_allowed(url):
            self.styles.append(Style("a", f' href="{escape(normalizeLink(url))}"'))

    def close_link(self, _token: Token) -> None:
        first, url = self.links.pop()
        label = "".join(text for text, _ in self.runs[first:])
        if not label:
            self.add(url)
        elif url and label not in (url, url.removeprefix("mailto:")):
            self.spell_url(f" ({url})", is_link=_is_allowed(url))
        if _is_allowed(url):
            self.styles.pop()

    def spell_url(self, text: str, *, is_link: bool) -> None:
        if is_link:
            self.spelt_urls[len(self.runs) - 1] = text
        else:
            self.add(text)


_Handler = Callable[[_Writer, Token], None]
_BLOCKS: dict[str, _Handler] = {
    "paragraph_open": _Writer.begin_block,
    "heading_open": _Writer.open_heading,
    "heading_close": _Writer.close_heading,
    "bullet_list_open": _Writer.open_list,
    "bullet_list_close": _Writer.close_list,
    "ordered_list_open": _Writer.open_list,
    "ordered_list_close": _Writer.close_list,
    "list_item_open": _Writer.open_item,
    "list_item_close": _Writer.write_marker_alone,
    "blockquote_open": _Writer.open_quote,
    "blockquote_close": _Writer.close_quote,
    "hr": _Writer.write_rule,
    "fence": _Writer.write_fence,
}
_INLINE: dict[str, _Handler] = {
    "text_special": _Writer.write_entity,
    "softbreak": _Writer.write_break,
    "hardbreak": _Writer.write_break,
    "code_inline": _Writer.write_code,
    "image": _Writer.write_image,
    "link_open": _Writer.open_link,
    "link_close": _Writer.close_link,
}


def _is_allowed(url: str) -> bool:
    return url.lower().startswith(_LINK_SCHEMES)
