"""A digest as its page shows it: its text with links, and beside each statement the posts that it is drawn from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext

from digests.domain.calendar import read_zone
from digests.domain.citations import link_to
from digests.domain.day import Post, Statement
from digests.domain.edits import count_edited
from digests.domain.records import posts_from_json, statements_from_json
from digests.models import Channel, Digest

MOST_POSTS = 300  # of a day, and as many characters of each as tell what it is about: some 200 KB
POST_CHARS = 500
LINK = re.compile(r"\[([^\]\[]+)\]\((https://t\.me/[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class ShownPost:
    """A post with its time in the channel's zone; `mark` says why it stands in no digest, empty if it may."""

    number: int
    url: str
    at: str
    text: str
    forwarded_from: str
    mark: str


@dataclass(frozen=True, slots=True)
class ShownStatement:
    """`unknown` are numbers of posts that it cites and that are not among the day's."""

    number: int
    text: str
    posts: list[ShownPost]
    unknown: list[int]


@dataclass(frozen=True, slots=True)
class ShownDigest:
    summary: SafeString
    statements: list[ShownStatement]
    posts: list[ShownPost]
    more_posts: int
    edited: int
    features: str


def show_digest(digest: Digest, channel: Channel | None) -> ShownDigest:
    posts = posts_from_json(digest.raw_posts)
    shown = {post.message_id: _show_post(post, digest.channel_id, channel) for post in posts}
    return ShownDigest(
        summary=render_links(digest.summary),
        statements=_show_statements(statements_from_json(digest.statements), shown),
        posts=list(shown.values())[:MOST_POSTS],
        more_posts=max(0, len(shown) - MOST_POSTS),
        edited=count_edited(digest),
        features=", ".join(name for name, is_on in sorted(json.loads(digest.feature_flags).items()) if is_on),
    )


def render_links(markdown: str) -> SafeString:
    """Return a digest's text as HTML: links to Telegram are links, all else is shown as it is written."""
    pieces = LINK.split(markdown)
    plain, labels, urls = pieces[::3], pieces[1::3], pieces[2::3]
    linked = zip(plain, urls, labels, strict=False)
    written = format_html_join("", '{}<a href="{}" rel="noreferrer">{}</a>', linked)
    return format_html("{}{}", written, plain[-1])


def _show_statements(statements: Sequence[Statement], shown: dict[int, ShownPost]) -> list[ShownStatement]:
    return [
        ShownStatement(
            number,
            statement.text,
            [shown[post_id] for post_id in statement.post_ids if post_id in shown],
            [post_id for post_id in statement.post_ids if post_id not in shown],
        )
        for number, statement in enumerate(statements, start=1)
    ]


def _show_post(post: Post, channel_id: str, channel: Channel | None) -> ShownPost:
    zone = read_zone(channel.time_zone if channel else "UTC")
    return ShownPost(
        number=post.message_id,
        url=link_to(post.message_id, channel_id=channel_id, username=channel.username if channel else ""),
        at=f"{post.posted_at.astimezone(zone):%H:%M}",
        text=Truncator(post.text).chars(POST_CHARS),
        forwarded_from=post.forwarded_from,
        mark=" · ".join(_list_marks(post)),
    )


def _list_marks(post: Post) -> Iterable[str]:
    if post.is_ad:
        yield gettext("advertisement")
    if post.repeats is not None:
        yield gettext("repeats %(number)s") % {"number": post.repeats}
