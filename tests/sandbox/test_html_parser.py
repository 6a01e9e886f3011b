from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.entities.formatting import FormattedText, format_bot_text
from sandbox.entities.rendering import render_html
from sandbox.entities.utf16 import utf16_length
from sandbox.errors import BotApiError

REFUSED = [
    ("<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("щ<b><i>a</b></i>", 'Unmatched end tag at byte offset 9, expected "</i>", found "</b>"'),
    ("a</b>", "Unexpected end tag at byte offset 1"),
    ("<b>a</b", "Unclosed end tag at byte offset 4"),
    ("😀<p>a</p>", 'Unsupported start tag "p" at byte offset 4'),
    ("a < b", 'Unsupported start tag "" at byte offset 2'),
    ("a <b", "Unclosed start tag at byte offset 2"),
    ("a<br/>", 'Unsupported start tag "br/" at byte offset 1'),
    ("<!-- note -->", 'Unsupported start tag "!--" at byte offset 0'),
    ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ("<a href", 'Unclosed start tag "a" at byte offset 0'),
    ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
    ('<a href="x', "Unclosed start tag at byte offset 0"),
    ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
    ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
    (
        "&#xD800;",
        "Text contains invalid Unicode characters after decoding HTML entities,"
        " check for unmatched surrogate code units",
    ),
]

ACCEPTED = [
    ("<b>a</b>", "a", [("bold", 0, 1)]),
    ("<STRONG>a</StRoNg>", "a", [("bold", 0, 1)]),
    ("😀<i>é</i>", "😀é", [("italic", 2, 1)]),
    ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
    ("<u>a</u><ins>b</ins>", "ab", [("underline", 0, 1), ("underline", 1, 1)]),
    ("<s>a</s>-<del>b</del>", "a-b", [("strikethrough", 0, 1), ("strikethrough", 2, 1)]),
    ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
    ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
    ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
    ("<b>x<code>y</code>z</b>", "xyz", [("bold", 0, 1), ("code", 1, 1), ("bold", 2, 1)]),
    ("<code><b>y</b></code>", "y", [("code", 0, 1)]),
    ("<b></b>a", "a", []),
    ("<b>a</>", "a", [("bold", 0, 1)]),
    ("&lt;&gt;&amp;&quot;&nbsp;&#33;&#x21;&", '<>&"&nbsp;!!&', []),
    ("  \n a <b>b</b> \n", " a b", [("bold", 3, 1)]),
    ("/start@some_bot now", "/start@some_bot now", [("bot_command", 0, 15)]),
    ("see https://e.org/a, ok", "see https://e.org/a, ok", [("url", 4, 15)]),
    ("a@b.org #tag @name", "a@b.org #tag @name", [("email", 0, 7), ("hashtag", 8, 4), ("mention", 13, 5)]),
    ("<code>/start</code>", "/start", [("code", 0, 6)]),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED)
def test_what_telegram_refuses_is_refused_in_its_words(source: str, reason: str) -> None:
    with pytest.raises(BotApiError) as refusal:
        format_bot_text(source, parse_mode="HTML")

    assert refusal.value.description == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(("source", "text", "entities"), ACCEPTED)
def test_supported_markup_becomes_text_and_entities(source: str, text: str, entities: list[tuple]) -> None:
    content = format_bot_text(source, parse_mode="HTML")

    found = [(entity["type"], entity["offset"], entity["length"]) for entity in content.entities]
    assert (content.text, found) == (text, entities)


def test_links_mentions_languages_and_emoji_keep_their_details() -> None:
    source = (
        '<a href="https://e.org/?a=1&amp;b=2">x</a><a href="tg://user?id=7">y</a>'
        '<pre><code class="language-python">z</code></pre><tg-emoji emoji-id="12">👍</tg-emoji>'
    )

    entities = format_bot_text(source, parse_mode="html").entities

    assert entities == [
        {"type": "text_link", "offset": 0, "length": 1, "url": "https://e.org/?a=1&b=2"},
        {
            "type": "text_mention",
            "offset": 1,
            "length": 1,
            "user": {"id": 7, "is_bot": False, "first_name": "y"},
        },
        {"type": "pre", "offset": 2, "length": 1, "language": "python"},
        {"type": "custom_emoji", "offset": 3, "length": 2, "custom_emoji_id": "12"},
    ]


def parse(source: str) -> FormattedText | BotApiError:
    try:
        return format_bot_text(source, parse_mode="HTML")
    except BotApiError as refusal:
        return refusal


TAGS = st.sampled_from(["b", "i", "u", "s", "code", "pre", "blockquote", "tg-spoiler"])
PIECES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), max_size=8)
NESTED = st.recursive(
    PIECES.map(lambda text: (escape(text), text)),
    lambda inner: st.one_of(
        st.tuples(TAGS, inner).map(lambda pair: (f"<{pair[0]}>{pair[1][0]}</{pair[0]}>", pair[1][1])),
        st.lists(inner, max_size=4).map(
            lambda parts: ("".join(part[0] for part in parts), "".join(part[1] for part in parts))
        ),
    ),
)


@given(NESTED)
def test_well_formed_markup_gives_back_its_text(pair: tuple[str, str]) -> None:
    source, text = pair

    content = format_bot_text(source.replace("&#x27;", "&#39;"), parse_mode="HTML")

    assert content.text == text
    length = utf16_length(text)
    assert all(0 <= one["offset"] < one["offset"] + one["length"] <= length for one in content.entities)


@given(st.text(alphabet=st.sampled_from("<>/b i=\"'&;#x1apre-\n\0é😀"), max_size=40))
def test_any_text_is_parsed_or_refused_and_never_breaks_the_parser(source: str) -> None:
    outcome = parse(source)

    if isinstance(outcome, BotApiError):
        assert (outcome.code, outcome.description[:13]) == (400, "Bad Request: ")
    else:
        rendered = render_html(outcome.text, outcome.entities)
        assert rendered.count("<") == rendered.count(">")


@given(st.text(max_size=60))
def test_rendering_plain_text_only_escapes(text: str) -> None:
    visible = text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    assert render_html(text, []) == escape(visible)


def test_rendering_never_lets_markup_of_a_person_through() -> None:
    text = '<img src=x onerror="a">'
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(1)"}
    code = {"type": "pre", "offset": 5, "length": 3, "language": '"><script>'}

    rendered = render_html(text, [link, code])

    assert "<script" not in rendered
    assert "<img" not in rendered
    assert "href" not in rendered


@pytest.mark.parametrize("source", ["x" * 32769, "я" * 16385])
def test_a_source_over_32_kib_is_refused_before_parsing(source: str) -> None:
    with pytest.raises(BotApiError, match="Bad Request: text is too long"):
        format_bot_text(source)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(BotApiError, match="strings must be encoded in UTF-8"):
        format_bot_text("a\ud800")


def test_control_characters_become_spaces_and_entities_keep_their_place() -> None:
    content = format_bot_text("a\r\n\0<b>b</b>", parse_mode="HTML")

    assert content.text == "a\n b"
    assert content.entities == [{"type": "bold", "offset": 3, "length": 1}]
