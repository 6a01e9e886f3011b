"""Digests and review reports as the records that are exported. What was measured stands in a record of its own.

`schemas/<name>.schema.json` says what a record holds. A change of either is a new version: a test holds them together.
"""

from __future__ import annotations

import json
from typing import Any

from digests.domain.records import describe_post, posts_from_json
from digests.models import Channel, Digest, ReviewReport

Record = dict[str, Any]

DIGEST, REVIEW_REPORT = "digest.v1", "review_report.v1"
DIGEST_TIMING, REVIEW_TIMING = "digest_timing.v1", "review_report_timing.v1"


def build_digest_record(digest: Digest, channel: Channel) -> Record:
    """Return what a digest says and how it came about: the same for the same posts, model and code."""
    return {
        "schema": DIGEST,
        "digest_id": str(digest.digest_id),
        "channel": {
            "channel_id": channel.channel_id,
            "key": channel.key,
            "title": channel.title,
            "username": channel.username,
            "time_zone": channel.time_zone,
        },
        "day": digest.day,
        "status": digest.status,
        "fault": digest.fault,
        "summary": digest.summary,
        "statements": json.loads(digest.statements),
        "raw_posts": [describe_post(post) for post in posts_from_json(digest.raw_posts)],
        "counts": {
            "posts": digest.post_count,
            "ads": digest.ad_count,
            "repeats": digest.repeat_count,
            "dropped_statements": digest.dropped_count,
            "parts": digest.part_count,
        },
        "model": _describe_model(digest),
        "feature_flags": json.loads(digest.feature_flags),
        "is_synthetic": digest.is_synthetic,
    }


def build_digest_timing(digest: Digest) -> Record:
    """Return what was measured when a digest was written."""
    return {
        "schema": DIGEST_TIMING,
        "digest_id": str(digest.digest_id),
        "created_at": digest.created_at.isoformat(),
        "attempts": digest.attempts,
        "first_token_s": digest.first_token_s,
        "latency_s": digest.latency_s,
    }


def build_review_record(report: ReviewReport) -> Record:
    """Return a verdict on a digest."""
    return {
        "schema": REVIEW_REPORT,
        "report_id": str(report.report_id),
        "digest_id": str(report.digest_id),
        "channel_id": report.channel_id,
        "day": report.day,
        "status": report.status,
        "fault": report.fault,
        "coverage": report.coverage,
        "faithfulness": report.faithfulness,
        "language": report.language,
        "remarks": json.loads(report.remarks),
        "checks": json.loads(report.checks),
        "has_passed": report.has_passed,
        "model": _describe_model(report),
        "is_synthetic": report.is_synthetic,
    }


def build_review_timing(report: ReviewReport) -> Record:
    """Return what was measured when a digest was reviewed."""
    return {
        "schema": REVIEW_TIMING,
        "report_id": str(report.report_id),
        "created_at": report.created_at.isoformat(),
        "latency_s": report.latency_s,
    }


def _describe_model(asked: Digest | ReviewReport) -> Record:
    return {
        "provider": asked.provider,
        "name": asked.model,
        "prompt_hash": asked.prompt_hash,
        "prompt_tokens": asked.prompt_tokens,
        "completion_tokens": asked.completion_tokens,
    }
