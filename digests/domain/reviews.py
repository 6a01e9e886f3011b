"""Reviews: a digest's checks, and what a second model says of it; one report for a digest and a reviewer.

    REVIEWED   a verdict that could be read
    INVALID    an answer, twice, that could not
    FAILED     no answer; the next attempt may get one

A report stops nothing: what it found is for staff, and for the benchmark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import structlog
from django.db import IntegrityError
from django.utils import timezone

import tracing
from digests import metrics
from digests.domain.asking import Answered, ask
from digests.domain.day import DayPosts, Statement
from digests.domain.identity import identify_report
from digests.domain.records import posts_from_json, statements_from_json
from digests.domain.review_answer import Verdict, read_verdict, remarks_as_json
from digests.domain.review_checks import Checks, check_digest
from digests.domain.review_prompts import ANSWER_TOKENS, build_review_prompt, hash_review_prompts
from digests.enums import ReviewStatus
from digests.errors import ReviewUnreadable
from digests.models import Channel, Digest, ReviewReport
from llm.chain import Chain
from llm.errors import LLMError
from llm.prompt import Prompt
from llm.route import Candidate
from personalization.domain.budget import find_budget

log = structlog.get_logger(__name__)

# Below these a digest is worth a look: of five statements one may be wrong by a nuance, of two important news one may
# have been left out for want of room.
FAITHFUL, COVERING, LITERATE = 0.8, 0.5, 0.8
FINAL = (ReviewStatus.REVIEWED, ReviewStatus.INVALID)

for _status in ReviewStatus:  # a rate sees a first failure only if the count was there before it
    metrics.REVIEWS.labels(_status.value)


def review_digest(digest: Digest, *, chain: Chain, trace_id: str = "") -> ReviewReport:
    """Have a written digest reviewed by the first model of a chain, unless it was; return the report.

    Raises `django.db.DatabaseError`; that the reviewer gives no answer is an outcome (`FAILED`), not an exception.
    """
    reviewer = chain.route.first
    key = {
        "digest_id": digest.digest_id,
        "provider": reviewer.provider.name,
        "model": reviewer.model_name,
    }
    stored = ReviewReport.objects.filter(**key).first()
    if stored is not None and stored.status in FINAL:
        return stored
    with tracing.span("review digest", trace_id=trace_id):
        report = _store(key, digest, _compose(digest, chain, trace_id=trace_id))
        tracing.note(status=report.status)
    metrics.REVIEWS.labels(report.status).inc()
    log.info(
        "digest reviewed",
        channel_id=digest.channel_id,
        day=digest.day,
        status=report.status,
        fault=report.fault,
    )
    return report


def judge_statements(
    statements: Sequence[Statement], day_posts: DayPosts, *, zone: str, chain: Chain, trace_id: str = ""
) -> Verdict:
    """Have a reviewer judge what was said of a day, and store nothing.

    Raises `llm.errors.LLMError` if it gives no answer, `ReviewUnreadable` if its second one cannot be read either.
    """
    return _Reviewing(statements, day_posts, zone=zone, chain=chain, trace_id=trace_id).ask()


def _compose(digest: Digest, chain: Chain, *, trace_id: str) -> dict[str, Any]:
    """Return what is to be stored of one attempt."""
    reviewing = _Reviewing(
        statements_from_json(digest.statements),
        DayPosts(digest.channel_id, date.fromisoformat(digest.day), posts_from_json(digest.raw_posts)),
        zone=Channel.objects.get(channel_id=digest.channel_id).time_zone,
        chain=chain,
        trace_id=trace_id,
    )
    fields: dict[str, Any] = {
        "checks": reviewing.checks.as_json(),
        "remarks": remarks_as_json(),
        "prompt_hash": hash_review_prompts(),
        "trace_id": trace_id,
    }
    try:
        verdict = reviewing.ask()
    except LLMError as error:
        return {**fields, **reviewing.describe_cost(), "status": ReviewStatus.FAILED, "fault": error.outcome}
    except ReviewUnreadable as unreadable:
        return {
            **fields,
            **reviewing.describe_cost(),
            "status": ReviewStatus.INVALID,
            "fault": str(unreadable),
        }
    return {
        **fields,
        **reviewing.describe_cost(),
        "status": ReviewStatus.REVIEWED,
        "fault": "",
        "coverage": verdict.coverage,
        "faithfulness": verdict.faithfulness,
        "language": verdict.language,
        "remarks": verdict.remarks_as_json(),
        "has_passed": has_passed(verdict, reviewing.checks),
    }


def has_passed(verdict: Verdict, checks: Checks) -> bool:
    """Tell whether neither the reviewer nor the checks found what staff should look at."""
    is_good = (
        verdict.faithfulness >= FAITHFUL and verdict.coverage >= COVERING and verdict.language >= LITERATE
    )
    return is_good and checks.has_passed


class _Reviewing:
    """One attempt: asks at most twice."""

    def __init__(
        self,
        statements: Sequence[Statement],
        day_posts: DayPosts,
        *,
        zone: str,
        chain: Chain,
        trace_id: str,
    ) -> None:
        self._statements = statements
        self._day_posts = day_posts
        self._zone = zone
        self._chain = chain
        self._trace_id = trace_id
        self._answers: list[Answered] = []
        self._unseen = 0
        self.checks = check_digest(self._statements, self._day_posts)

    def ask(self) -> Verdict:
        """Raises `LLMError`, or `ReviewUnreadable` if the second answer cannot be read either."""
        try:
            return self._ask("")
        except ReviewUnreadable as unreadable:
            return self._ask(str(unreadable))

    def describe_cost(self) -> dict[str, Any]:
        return {
            "prompt_tokens": sum(answer.prompt_tokens for answer in self._answers),
            "completion_tokens": sum(answer.completion_tokens for answer in self._answers),
            "latency_s": sum(answer.duration_s for answer in self._answers),
        }

    def _ask(self, fault: str) -> Verdict:
        def build_prompt(candidate: Candidate, *, is_shortened: bool) -> Prompt:
            built = build_review_prompt(
                self._statements,
                self._day_posts,
                zone=self._zone,
                budget_tokens=find_budget(candidate, is_shortened=is_shortened),
                fault=fault,
            )
            self._unseen = built.unseen
            return built.prompt

        answer = ask(self._chain, build_prompt, max_tokens=ANSWER_TOKENS, trace_id=self._trace_id)
        self._answers.append(answer)
        verdict = read_verdict(answer.text, statements=len(self._statements))
        return self._remark_unseen(verdict)

    def _remark_unseen(self, verdict: Verdict) -> Verdict:
        if not self._unseen:
            return verdict
        remark = f"Постов, для которых не хватило места: {self._unseen}."
        return replace(verdict, remarks=(*verdict.remarks, remark))


def _store(key: dict[str, Any], digest: Digest, fields: dict[str, Any]) -> ReviewReport:
    """Create the report, or put it in the place of one that failed; whoever came first stays."""
    about = {
        "channel_id": digest.channel_id,
        "day": digest.day,
        "is_synthetic": digest.is_synthetic,
        "report_id": identify_report(digest.digest_id, provider=key["provider"], model=key["model"]),
    }
    try:
        return ReviewReport.objects.create(**key, **about, **fields)
    except IntegrityError:
        failed_before = ReviewReport.objects.filter(**key, status=ReviewStatus.FAILED)
        failed_before.update(**fields, created_at=timezone.now())
        return ReviewReport.objects.get(**key)
