from __future__ import annotations

import pytest

from digests.domain.edits import count_edited
from digests.domain.posts import DAY_MAX_CHARS
from digests.domain.writing import write_digest
from digests.models import ChannelPost
from tests.factories.digests import DAY, ChannelFactory, store_posts
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db


def test_posts_that_a_digest_cites_and_that_read_otherwise_now_are_counted() -> None:
    channel = ChannelFactory.create()
    times = DAY_MAX_CHARS // 20  # a digest of two such posts is of their beginnings
    store_posts(channel, "Слово о полку. " * times, "Сказание об Игоре. " * times)
    digest = write_digest(channel, DAY, chain=chain_of(ScriptedProvider("- Сказано слово. [1]")))
    posts = ChannelPost.objects.filter(channel_id=channel.channel_id)

    assert count_edited(digest) == 0
    posts.update(edited_at=digest.updated_at)  # a button was put under them
    assert count_edited(digest) == 0
    posts.update(text="Ошибка!")
    assert count_edited(digest) == 1
    posts.delete()
    store_posts(ChannelFactory.create(), "Чужое под тем же номером.")
    assert count_edited(digest) == 0


def test_what_is_added_at_the_end_of_a_post_is_an_edit() -> None:
    channel = ChannelFactory.create()
    (post,) = store_posts(channel, "Мост открыт.")
    digest = write_digest(channel, DAY, chain=chain_of(ScriptedProvider("- Открыт мост. [1]")))

    ChannelPost.objects.filter(pk=post.pk).update(text="Мост открыт. А нет, закрыт.")

    assert count_edited(digest) == 1
