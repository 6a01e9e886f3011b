"""A digest as Markdown: statements with links to their posts, and what was set apart."""

from __future__ import annotations

from collections.abc import Sequence

from digests.domain.calendar import read_zone
from digests.domain.citations import link_to
from digests.domain.day import DayPosts, Post, Statement

MOST_LINKS = 4  # of one statement, and of the advertisements


def render_summary(statements: Sequence[Statement], day_posts: DayPosts, *, username: str, zone: str) -> str:
    """Return a digest's text: a line for each statement, linked by the times of its posts."""
    links = _Links(day_posts, username=username, zone=zone)
    lines = [f"• {found.text} {links.render(found.post_ids)}" for found in statements]
    remarks = [*_remark_ads(day_posts, links), *_remark_repeats(day_posts), *_remark_unread(day_posts)]
    return "\n".join(lines) + ("\n\n" + "\n".join(remarks) if remarks else "")


class _Links:
    def __init__(self, day_posts: DayPosts, *, username: str, zone: str) -> None:
        self._posts = {post.message_id: post for post in day_posts.posts}
        self._channel_id = day_posts.channel_id
        self._username = username
        self._zone = read_zone(zone)

    def render(self, post_ids: Sequence[int]) -> str:
        return " ".join(self._render_one(self._posts[post_id]) for post_id in post_ids[:MOST_LINKS])

    def _render_one(self, post: Post) -> str:
        told = f"{post.posted_at.astimezone(self._zone):%H:%M}"
        if post.message_id < 0:  # made up among real ones: there is no such post to lead to
            return told
        address = link_to(post.message_id, channel_id=self._channel_id, username=self._username)
        return f"[{told}]({address})"


def _remark_ads(day_posts: DayPosts, links: _Links) -> list[str]:
    ads = [post.message_id for post in day_posts.posts if post.is_ad]
    return [f"Реклама, в обзор не вошла: {links.render(ads)}"] if ads else []


def _remark_repeats(day_posts: DayPosts) -> list[str]:
    repeats = sum(post.repeats is not None and not post.is_ad for post in day_posts.posts)
    return [f"Повторов сведено: {repeats}"] if repeats else []


def _remark_unread(day_posts: DayPosts) -> list[str]:
    return [f"Более ранних постов не прочитано: {day_posts.unread}"] if day_posts.unread else []
