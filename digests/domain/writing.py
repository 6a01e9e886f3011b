"""A day's digest: read, drafted, stored once, whatever it came to.

    no posts of its own   EMPTY
    a digest              WRITTEN, and final
    no model, or an unfit text   FAILED with its fault; the next attempt may mend it

One document for a channel and a day: of two writers the first one's digest stays.
"""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

import structlog
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

import tracing
from digests import metrics
from digests.domain.calendar import bounds_of
from digests.domain.day import DayPosts
from digests.domain.drafting import Draft, draft_digest
from digests.domain.identity import identify_digest
from digests.domain.posts import read_day
from digests.domain.prompts import hash_prompts
from digests.domain.records import posts_as_json, statements_as_json
from digests.domain.rendering import render_summary
from digests.domain.spending import Spending
from digests.enums import DigestStatus, PostSource
from digests.errors import DigestUnfit
from digests.models import Channel, ChannelPost, Digest
from llm.chain import Chain
from llm.errors import LLMError

log = structlog.get_logger(__name__)

FINAL = (DigestStatus.WRITTEN, DigestStatus.EMPTY)
CRASHED = "crashed"  # the fault of a digest that failed by an error of Butler's own

for _status in DigestStatus:  # a rate sees a first failure only if the count was there before it
    metrics.DIGESTS.labels(_status.value)


def find_digest(channel_id: str, day: date) -> Digest | None:
    return Digest.objects.filter(channel_id=channel_id, day=day.isoformat()).first()


def lease_key(channel_id: str, day: date) -> str:
    """Name the lease that whoever writes a digest holds, lest two ask a model for the same one."""
    return f"digest:{identify_digest(channel_id, day)}"


def write_digest(
    channel: Channel, day: date, *, chain: Chain, trace_id: str = "", spending: Spending | None = None
) -> Digest:
    """Write the digest of a channel's day unless there is one; return what is stored of that day.

    What the calls cost is added to `spending`, whatever comes of them. Raises `django.db.DatabaseError`; that no
    model answers is an outcome (`FAILED`), not an exception.
    """
    spending = spending or Spending()
    stored = find_digest(channel.channel_id, day)
    if stored is not None and stored.status in FINAL:
        return stored
    with tracing.span("write digest", trace_id=trace_id):
        day_posts = read_day(channel, day)
        fields = _compose(channel, day_posts, chain=spending.counting(chain), trace_id=trace_id)
        fields |= {**_count(day_posts), "trace_id": trace_id}
        digest = _store(channel, day, fields, spending)
        tracing.note(status=digest.status)
    metrics.DIGESTS.labels(digest.status).inc()
    log.info(
        "digest", channel_id=channel.channel_id, day=digest.day, status=digest.status, fault=digest.fault
    )
    return digest


def note_crash(channel: Channel, day: date, *, spending: Spending, trace_id: str = "") -> Digest:
    """Note that writing ended in an error that nobody foresaw: as after any other, the next attempt is put off."""
    fields = {"status": DigestStatus.FAILED, "fault": CRASHED, "trace_id": trace_id}
    digest = _store(channel, day, fields, spending)
    metrics.DIGESTS.labels(digest.status).inc()
    return digest


def _compose(channel: Channel, day_posts: DayPosts, *, chain: Chain, trace_id: str) -> dict[str, Any]:
    """Return what is to be stored, all but the counts."""
    if not day_posts.originals:
        return {"status": DigestStatus.EMPTY, "fault": ""}
    started = time.monotonic()
    try:
        draft = draft_digest(day_posts, zone=channel.time_zone, chain=chain, trace_id=trace_id)
    except LLMError as error:
        return {"status": DigestStatus.FAILED, "fault": error.outcome}
    except DigestUnfit as unfit:
        return {"status": DigestStatus.FAILED, "fault": unfit.fault}
    metrics.DIGEST_SECONDS.observe(time.monotonic() - started)
    metrics.STATEMENTS_DROPPED.inc(draft.dropped)
    return _describe(draft, day_posts, channel)


def _describe(draft: Draft, day_posts: DayPosts, channel: Channel) -> dict[str, Any]:
    last = draft.answers[-1]
    return {
        "status": DigestStatus.WRITTEN,
        "fault": "",
        "summary": render_summary(
            draft.statements, day_posts, username=channel.username, zone=channel.time_zone
        ),
        "statements": statements_as_json(draft.statements),
        "dropped_count": draft.dropped,
        "part_count": draft.parts,
        "provider": last.provider,
        "model": last.model,
        "prompt_hash": hash_prompts(),
        "feature_flags": json.dumps(describe_features(draft), sort_keys=True),
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.completion_tokens,
        "is_estimated": any(answer.is_estimated for answer in draft.answers),
        "first_token_s": draft.first_token_s,
        "latency_s": draft.latency_s,
    }


def describe_features(draft: Draft) -> dict[str, bool]:
    """Return what shaped a digest, as its record and the benchmark's reports name it."""
    return {"folds_repeats": True, "marks_ads": True, "cites_posts": True, "is_merged": draft.parts > 1}


def _count(day_posts: DayPosts) -> dict[str, Any]:
    return {
        "raw_posts": posts_as_json(day_posts.posts),
        "post_count": len(day_posts.posts),
        "ad_count": sum(post.is_ad for post in day_posts.posts),
        "repeat_count": sum(post.repeats is not None for post in day_posts.posts),
    }


def _store(channel: Channel, day: date, fields: dict[str, Any], spending: Spending) -> Digest:
    """Create the day's digest, or put it in the place of one that failed; whoever came first stays.

    What an attempt has added to a count is added by the one write that stores its outcome, or not at all.
    """
    added = {
        "attempts": int(fields["status"] == DigestStatus.FAILED),
        "vain_prompt_tokens": spending.prompt_tokens - fields.get("prompt_tokens", 0),
        "vain_completion_tokens": spending.completion_tokens - fields.get("completion_tokens", 0),
    }
    start, end = bounds_of(day, zone=channel.time_zone)
    made_up = ChannelPost.objects.filter(
        channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end, source=PostSource.SYNTHETIC
    )
    fields["is_synthetic"] = made_up.exists()
    key = {"channel_id": channel.channel_id, "day": day.isoformat()}
    try:
        digest_id = identify_digest(channel.channel_id, day)
        return Digest.objects.create(digest_id=digest_id, **key, **fields, **added)
    except IntegrityError:
        failed_before = Digest.objects.filter(**key, status=DigestStatus.FAILED)
        sums = {name: F(name) + number for name, number in added.items()}
        failed_before.update(**fields, **sums, updated_at=timezone.now())
        return Digest.objects.get(**key)
