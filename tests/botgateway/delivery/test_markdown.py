from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from botgateway.delivery.entities import clean_text, is_blank
from botgateway.delivery.markdown import _MARKUP, render, render_html
from tests.botgateway.delivery.telegram_html import visible_text

MARKDOWN = st.lists(
    st.sampled_from(
        [
            *"*_~`[]()<>&!#-+|\\\n\n\n \t1.:=\"'",
            *[
                "**",
                "```",
                "```py\n",
                "\n```\n",
                "\n\n",
                "\n- ",
                "\n  - ",
                "\n1. ",
                "\n> ",
                "\n| a | b |\n|-|-|\n|",
                "---",
            ],
            *[
                "](http://e.org)",
                "](ftp://x)",
                "![",
                "<b>",
                "<http://e.org>",
                "&nbsp;",
                "&#12;",
                "&lt;",
                "слово",
                "x",
                "🦉",
            ],
            *["\x00", "\ud83d", "\r\n", "\u2028", "\u200b", "\u00a0"],
        ]
    ),
    max_size=60,
).map("".join)


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Добрый вечер, сэр.", "Добрый вечер, сэр."),
        ("", ""),
        (" \n\u200b", ""),
        ("## Планы на **день**\nи ещё", "<b>Планы на день</b>\nи ещё"),
        ("**жирный _и курсив_** ~~нет~~", "<b>жирный <i>и курсив</i></b> <s>нет</s>"),
        ("**до `код` после**", "<b>до </b><code>код</code><b> после</b>"),
        ("- раз\n- два\n  - внутри\n    1. глубже", "• раз\n• два\n  • внутри\n    1. глубже"),
        ("3. три\n4. четыре", "3. три\n4. четыре"),
        ("- раз\n\n  абзац\n- \n- > цитата", "• раз\n\n  абзац\n•\n•\n<blockquote>цитата</blockquote>"),
        ("> мысль\n>> чужая\n\nконец", "<blockquote>мысль\nчужая</blockquote>\n\nконец"),
        ("> до\n> ```\n> x\n> ```", "<blockquote>до</blockquote>\n<pre>x</pre>"),
        ("> нажмите `Enter`", "<blockquote>нажмите Enter</blockquote>"),
        (
            "```python\nif a < b:\n    pass\n```",
            '<pre><code class="language-python">if a &lt; b:\n    pass</code></pre>',
        ),
        ("```\nx\n```\nтекст", "<pre>x</pre>\nтекст"),
        ("```js\nlet a = 1", '<pre><code class="language-js">let a = 1</code></pre>'),
        ("```", "```"),
        ("половина **жирного", "половина **жирного"),
        ("до\n---\nпосле", "до\n———\nпосле"),
        ("строка  \nвторая\\\nтретья\nчетвёртая", "строка\nвторая\nтретья\nчетвёртая"),
        ("<b>&</b> &amp; &laquo;", "&lt;b&gt;&amp;&lt;/b&gt; &amp; «"),
        ("[сайт](https://e.org/?a=1&b=2)", '<a href="https://e.org/?a=1&amp;b=2">сайт</a>'),
        ("[x](javascript:alert(1))", "x (javascript:alert(1))"),
        ("[`код`](http://e.org)", '<a href="http://e.org">код</a>'),
        ("![кот](http://e.org/c.png)", '<a href="http://e.org/c.png">кот</a>'),
        ("[](http://e.org)", '<a href="http://e.org">http://e.org</a>'),
        ("<me@e.org>", '<a href="mailto:me@e.org">me@e.org</a>'),
        ("[a]: http://e.org", "[a]: http://e.org"),
        ("a\x00b\ud83d\r\nc\x1b", "ab\ufffd\nc"),
        ("2024. Был год", "2024. Был год"),
    ],
)
def test_markdown_is_rendered_as_telegram_html(markdown, html):
    assert render_html(markdown) == html
    visible_text(html)


def test_a_table_has_aligned_columns():
    markdown = "| Имя | Лет |\n|:----|----:|\n| **Брюс** | 35 |\n| 老爺 | 7 |\n| [А](http://a.b) | |"
    assert render_html(markdown) == (
        "<pre>Имя            | Лет\n---------------+----\n"
        "Брюс           |  35\n老爺           |   7\nА (http://a.b) |</pre>"
    )


def test_a_table_with_cells_beyond_its_heading_is_shown_as_written():
    assert render_html("| a |\n|---|\n| 1 | 2 |") == "<pre>| a |\n|---|\n| 1 | 2 |</pre>"


def test_nesting_deeper_than_the_parser_follows_is_shown_as_written():
    assert visible_text(render_html("> " * 50 + "на дне")) == "> " * 50 + "на дне"


def test_the_plain_form_spells_out_urls():
    rendered = render("[сайт](https://e.org) и <https://e.org>")
    assert rendered.text == "сайт и https://e.org"
    assert rendered.plain == "сайт (https://e.org) и https://e.org"


@settings(deadline=None)
@given(MARKDOWN | st.text(max_size=200))
@example("**[**`a`](http://a)*x*")
@example("- - -\n\n - > 1. `a`")
def test_html_is_always_well_formed(markdown):
    rendered = render(clean_text(markdown))
    assert visible_text(rendered.html) == rendered.text
    assert is_blank(rendered.text) == is_blank(clean_text(markdown))


@settings(deadline=None)
@given(MARKDOWN)
def test_every_draft_of_a_growing_text_is_well_formed(markdown):
    for end in range(0, len(markdown), 7):
        visible_text(render_html(markdown[:end]))


@settings(deadline=None)
@given(st.text(st.sampled_from("аб.,!?():;\"'  \n\n-+#>=1)х")))
def test_the_fast_path_agrees_with_the_parser(text):
    if _MARKUP.search(text) is None:
        parsed = render(text + "\n\n**я**").text
        assert parsed == f"{render(text).text}\n\nя".lstrip("\n")


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["слово", "**", "*", "_", "`", "~~", "[", "](http://e.org)", "<", "> ", "\n- ", " "])
    )
)
def test_every_word_of_a_text_is_shown(pieces):
    text = "".join(pieces)
    assume("~~~" not in text and "```" not in text)  # the word after a fence names a language

    assert render(text).plain.count("слово") == pieces.count("слово")


def test_threads_share_the_parser():
    markdown = "# Т\n\n- **а** `б`\n\n```py\nx\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(render_html, [markdown] * 400))
    assert results == {render_html(markdown)}


@pytest.mark.parametrize(
    "unit",
    ["*", "[", "![", "`", "> ", ">", "- ", "1. ", "*a ", "[a](", "`a``b", "|a", "<", "~~a ", "- a\n  "],
)
def test_adversarial_text_ends(unit):
    visible_text(render_html((unit * 100_000)[:100_000]))
