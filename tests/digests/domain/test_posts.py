"""Which wording of a post is kept, whoever brings it and in whatever order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from prometheus_client import REGISTRY
from pytest_django.fixtures import Settings

from digests.domain.posts import ReceivedPost, StoreOutcome, is_expired, store_post, store_posts
from digests.enums import PostSource
from digests.models import ChannelPost

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
POST = ReceivedPost(channel_id="-1001", message_id=7, posted_at=AT, text="Мост закрыт", author="Редакция")
EDIT = replace(POST, edited_at=AT + timedelta(minutes=5), text="Мост закрыт до пятницы")
LATER_EDIT = replace(POST, edited_at=AT + timedelta(minutes=9), text="Мост открыт")
TELEGRAM, EXPORT, SYNTHETIC = PostSource.TELEGRAM, PostSource.EXPORT, PostSource.SYNTHETIC


def stored() -> ChannelPost:
    return ChannelPost.objects.get()


def test_posts_and_edits_come_to_the_same_in_any_order_and_however_often() -> None:
    for order in permutations((POST, EDIT, LATER_EDIT)):
        ChannelPost.objects.all().delete()
        for post in (*order, *order):
            store_post(post)

        assert (stored().text, stored().edited_at, stored().posted_at) == (
            LATER_EDIT.text,
            LATER_EDIT.edited_at,
            AT,
        )


def test_each_outcome_is_told_and_counted() -> None:
    def count(outcome: StoreOutcome) -> float:
        labels = {"source": "telegram", "outcome": outcome.value}
        return REGISTRY.get_sample_value("channel_posts_total", labels) or 0.0

    before = {outcome: count(outcome) for outcome in StoreOutcome}
    same_second = replace(EDIT, text="Мост закрыт до субботы")

    outcomes = [store_post(post) for post in (POST, POST, EDIT, same_second, POST)]

    assert outcomes == ["stored", "unchanged", "edited", "edited", "outdated"]
    assert stored().text == same_second.text
    grown = {outcome: count(outcome) - before[outcome] for outcome in StoreOutcome if outcome in outcomes}
    assert grown == {"stored": 1, "unchanged": 1, "edited": 2, "outdated": 1}


def test_telegram_goes_before_an_export_unless_that_is_newer_and_both_before_what_was_made_up() -> None:
    shorter = replace(POST, text="Мост")
    cases = [
        (POST, TELEGRAM, shorter, EXPORT, POST, "unchanged"),
        (POST, TELEGRAM, EDIT, EXPORT, EDIT, "edited"),
        (EDIT, TELEGRAM, POST, EXPORT, EDIT, "outdated"),
        (shorter, EXPORT, POST, TELEGRAM, POST, "edited"),
        (EDIT, EXPORT, POST, TELEGRAM, EDIT, "outdated"),
        (LATER_EDIT, SYNTHETIC, POST, EXPORT, POST, "edited"),
        (POST, TELEGRAM, LATER_EDIT, SYNTHETIC, POST, "outdated"),
    ]

    for first, source, second, second_source, kept, outcome in cases:
        ChannelPost.objects.all().delete()
        store_post(first, source=source)
        assert store_post(second, source=second_source) == outcome
        assert stored().text == kept.text

        ChannelPost.objects.all().delete()
        store_post(first, source=source)
        assert store_posts([second], source=second_source) == {outcome: 1}
        assert stored().text == kept.text


def test_a_batch_is_stored_once_though_it_holds_what_is_there_and_a_number_twice() -> None:
    store_post(replace(EDIT, message_id=2))
    batch = [replace(POST, message_id=number) for number in (1, 2, 3, 3)]
    batch[-1] = replace(batch[-1], edited_at=AT + timedelta(days=1), text="Мост снесён")

    first = store_posts(batch, source=EXPORT)
    again = store_posts(batch, source=EXPORT)

    assert first.total() == 4
    assert again == {"unchanged": 2, "outdated": 2}
    texts = ChannelPost.objects.order_by("message_id").values_list("text", flat=True)
    assert list(texts) == ["Мост закрыт", EDIT.text, "Мост снесён"]
    assert store_posts([], source=EXPORT) == {}


def test_names_are_cut_to_what_the_database_takes_and_texts_are_not() -> None:
    store_post(replace(POST, author="я" * 999, forwarded_from="я" * 999, text="я" * 9_999))

    assert (len(stored().author), len(stored().forwarded_from), len(stored().text)) == (255, 255, 9_999)


def test_what_is_past_its_time_is_not_worth_storing(settings: Settings) -> None:
    settings.POST_TTL_DAYS = 30
    now = datetime.now(UTC)

    assert is_expired(now - timedelta(days=30, seconds=1))
    assert not is_expired(now - timedelta(days=29))
