from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from digests.benchmark.gold import Gold, gold_of
from digests.benchmark.scoring import score_digest
from digests.dataset.backfill import synthetic_day_of
from digests.dataset.generator import CHANNELS, ChannelProfile, reference_digest
from digests.domain.day import DayPosts, Post, Statement
from digests.domain.posts import mark_posts
from digests.models import Channel

SEED = 5
DAYS = [date(2026, 3, 1) + timedelta(days=number) for number in range(6)]


def channel_of(profile: ChannelProfile, *, channel_id: str = "") -> Channel:
    own = str(profile.channel_id)
    return Channel(channel_id=channel_id or own, key=profile.key, time_zone=profile.time_zone)


def seen_by_a_model(channel: Channel, day: date) -> DayPosts:
    made_up = synthetic_day_of(channel, day, seed=SEED)
    posts = [
        Post(message_id=post.message_id, posted_at=post.posted_at, text=post.text) for post in made_up.posts
    ]
    return DayPosts(channel.channel_id, day, mark_posts(posts))


@pytest.mark.parametrize("profile", CHANNELS, ids=lambda profile: profile.key)
def test_a_reference_digest_covers_every_fact_and_leaks_nothing(profile: ChannelProfile) -> None:
    channel = channel_of(profile)
    for day in DAYS:
        gold = gold_of(channel, seen_by_a_model(channel, day), seed=SEED, is_synthetic=True)
        reference = [Statement(*said) for said in reference_digest(synthetic_day_of(channel, day, seed=SEED))]

        scores = score_digest(reference, gold.day_posts, facts=gold.facts, reference=gold.reference)

        assert (scores.fact_coverage, scores.valid_links, scores.ad_leakage) == (1.0, 1.0, 0.0)
        assert (scores.rouge_1, scores.chrf) == (1.0, pytest.approx(1.0))
        assert scores.russian == 1.0


def test_what_our_code_marks_wrongly_is_scored_by_what_is_true() -> None:
    channel = channel_of(CHANNELS[0])
    seen = seen_by_a_model(channel, DAYS[0])
    turned = replace(seen, posts=tuple(replace(post, is_ad=not post.is_ad) for post in seen.posts))

    gold = gold_of(channel, turned, seed=SEED, is_synthetic=True)

    truth = {post.message_id: post.is_ad for post in synthetic_day_of(channel, DAYS[0], seed=SEED).posts}
    assert {post.message_id: post.is_ad for post in gold.day_posts.posts} == truth


def test_of_a_real_day_nothing_is_known_and_the_gaps_of_a_real_channel_are_made_up() -> None:
    channel = channel_of(CHANNELS[0], channel_id="-1001234567890")
    seen = seen_by_a_model(channel, DAYS[0])

    assert gold_of(channel, seen, seed=SEED, is_synthetic=False) == Gold(seen)
    made_up = gold_of(channel, seen, seed=SEED, is_synthetic=True)
    assert {number for fact in made_up.facts for number in fact.post_ids} <= {
        post.message_id for post in seen.posts
    }
    assert made_up.facts
