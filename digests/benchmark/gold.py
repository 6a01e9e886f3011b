"""What is known of a day before any model has read it: its facts, a reference digest, what is an ad or a repeat.

Of a made-up day the generator knows all that. Of a real one nothing is known: then the marks of our own code stand,
and there is neither fact nor reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from digests.benchmark.scoring import ExpectedFact
from digests.dataset.backfill import synthetic_day_of
from digests.dataset.generator import SyntheticDay, reference_digest
from digests.domain.day import DayPosts
from digests.models import Channel


@dataclass(frozen=True, slots=True)
class Gold:
    """What a digest is scored against. `day_posts` are the day's posts, marked by whoever knows best."""

    day_posts: DayPosts
    facts: tuple[ExpectedFact, ...] = ()
    reference: str = ""


def gold_of(channel: Channel, seen: DayPosts, *, seed: int, is_synthetic: bool) -> Gold:
    """Return what is known of a day whose posts a model sees as `seen`."""
    if not is_synthetic:
        return Gold(seen)
    made_up = synthetic_day_of(channel, seen.day, seed=seed)
    return Gold(_mark_truly(seen, made_up), list_facts(made_up), write_reference(made_up))


def list_facts(made_up: SyntheticDay) -> tuple[ExpectedFact, ...]:
    """Return the facts of a made-up day by statement; figures are read out of that, as they are out of a digest."""
    return tuple(ExpectedFact(fact.statement, fact.post_ids) for fact in made_up.facts)


def write_reference(made_up: SyntheticDay) -> str:
    return "\n".join(statement for statement, _ in reference_digest(made_up))


def _mark_truly(seen: DayPosts, made_up: SyntheticDay) -> DayPosts:
    """Put what the generator knows in the place of what our code has found: that is among what is measured."""
    truth = {post.message_id: post for post in made_up.posts}
    posts = tuple(
        replace(post, is_ad=true.is_ad, repeats=true.repeats)
        if (true := truth.get(post.message_id))
        else post
        for post in seen.posts
    )
    return replace(seen, posts=posts)
