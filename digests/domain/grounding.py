"""What a statement of a digest says that the posts it cites do not: figures, names, titles. No model is asked.

It errs to both sides: a name at the beginning of a sentence is not seen, and a right conclusion («вдвое больше» from
10 and 20) has no figure in the posts. What the words claim beyond figures and names is not judged here at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from digests.domain.day import Post, Statement
from digests.domain.figures import figures_of, grounds_of
from digests.domain.names import known_words_of, names_of, titles_of
from personalization.domain.stemming import stems_of


class UnsupportedKind(StrEnum):
    FIGURE = "figure"
    NAME = "name"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What no cited post says; `value` is as the statement has it."""

    kind: UnsupportedKind
    value: str


def find_unsupported(statement: Statement, cited_posts: Sequence[Post]) -> tuple[Unsupported, ...]:
    """Return the figures, names and titles of a statement that none of the posts contain, in this order.

    The title of the channel that a post was reposted from counts as said by it, and so does the year of its posting.
    """
    texts = _texts_of(cited_posts)
    grounds = grounds_of(texts, posted_at=[post.posted_at for post in cited_posts])
    known = known_words_of(texts)
    figures = [figure.text for figure in figures_of(statement.text) if not grounds.hold(figure)]
    names = [name for name in names_of(statement.text) if not known.hold_name(name)]
    titles = [title for title in titles_of(statement.text) if not known.hold_title(title)]
    return (
        *(Unsupported(UnsupportedKind.FIGURE, value) for value in dict.fromkeys(figures)),
        *(Unsupported(UnsupportedKind.NAME, value) for value in names),
        *(Unsupported(UnsupportedKind.TITLE, value) for value in titles),
    )


def support_share(statement: Statement, cited_posts: Sequence[Post]) -> float | None:
    """Return the share of a statement's different content words whose stems are in the posts; None without any."""
    stems = set(stems_of(statement.text))
    if not stems:
        return None
    known = {stem for text in _texts_of(cited_posts) for stem in stems_of(text)}
    return len(stems & known) / len(stems)


def _texts_of(posts: Sequence[Post]) -> list[str]:
    return [text for post in posts for text in (post.text, post.forwarded_from) if text]
