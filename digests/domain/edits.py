"""What has been edited since: a digest stays as it was written, and its links lead to posts as they are now.

Telegram tells a bot of edits and not of deletions, so whether a post is still there cannot be known.
"""

from __future__ import annotations

from digests.domain.posts import clip_text
from digests.domain.records import posts_from_json, statements_from_json
from digests.models import ChannelPost, Digest


def count_edited(digest: Digest) -> int:
    """Count the posts that a digest cites and that read otherwise now than when it was written.

    By their words, not by the moment of an edit: Telegram counts a new button as one, and of a post that was edited
    while the digest was being written no moment says which of its wordings the digest is of.
    """
    cited = {number for statement in statements_from_json(digest.statements) for number in statement.post_ids}
    if not cited:
        return 0
    posts = posts_from_json(digest.raw_posts)
    told = {post.message_id: post.text for post in posts if post.message_id in cited}
    stored = ChannelPost.objects.filter(channel_id=digest.channel_id, message_id__in=list(told))
    return sum(
        told[number] not in (text, clip_text(text, posts=len(posts)))
        for number, text in stored.values_list("message_id", "text")
    )
