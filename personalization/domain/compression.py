"""Compression: old events become part of the summary, without transactions and without loss.

    1. look at the events above the watermark; at most MEMORY_CAP → nothing to do
    2. summarise those older than the last MEMORY_KEEP_LAST, together with the earlier summary
    3. check the summary; unfit → everything stays
    4. ONE update of the profile: the new summary and the position up to which it holds (the watermark)
    5. delete the events up to the watermark

Killed before 4, nothing has changed. Killed between 4 and 5, readers ignore what is left and the next run has only
the deleting to do. Step 4 demands the very profile of step 1, unmoved: of two runs, or of a run and a reset, one wins
and the other changes nothing. A person who strikes something out moves their profile, too, so what was struck out
while the model was summarising it does not come back as a summary; one who asked to be forgotten has no profile any
more, and none is made for them here.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

import tracing
from llm.chain import Chain
from llm.errors import LLMError
from personalization import metrics
from personalization.domain import memory
from personalization.domain.compression_records import keep_record
from personalization.domain.memory import Position
from personalization.domain.profiles import find_profile, unmoved
from personalization.domain.summarising import Summary, SummaryUnfit, summarise_events
from personalization.models import Compression, MemoryEvent, UserProfile

log = structlog.get_logger(__name__)

BATCH_EVENTS = 500  # read at a time, should a memory have grown while nothing compressed it
# A memory this many times over its cap is summarised extractively if need be: it must not grow without end.
EXTRACTIVE_FACTOR = 3


class Status(StrEnum):
    NOTHING = "nothing"  # the memory is within its cap
    OK = "ok"
    EXTRACTIVE = "extractive"  # done without the model
    UNAVAILABLE = "unavailable"  # the model gave no answer; everything stays
    REJECTED = "rejected"  # the summary was unfit; everything stays
    SUPERSEDED = "superseded"  # another run, or a change of the profile, was faster
    CRASHED = "crashed"  # for a reason that nobody expected, or the database went away


DONE = (Status.OK, Status.EXTRACTIVE)
FAILURES = (Status.REJECTED, Status.UNAVAILABLE, Status.CRASHED)  # these make MemoryCompressionFailures fire

for _status in Status:  # a rate sees a first failure only if the count was there before it
    metrics.COMPRESSIONS.labels(_status.value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run did; `summarised` and `deleted` count events."""

    status: Status
    summarised: int = 0
    deleted: int = 0


def compress_memory(user_id: str, *, chain: Chain, is_extractive_allowed: bool = False) -> Outcome:
    """Compress one person's memory if it has passed MEMORY_CAP; running it again changes nothing.

    `is_extractive_allowed`: when the model gives no answer, summarise without it (the caller has tried before).
    Whatever else breaks it is counted, kept as a record and raised.
    """
    started = time.monotonic()
    profile: UserProfile | None = None
    with tracing.span("compress memory"), _logged_with_trace():
        try:
            profile = find_profile(user_id)
            outcome = _compress(profile, chain=chain, is_extractive_allowed=is_extractive_allowed)
        except Exception:  # the end of the process, which is none of these, is no failure of the memory's
            _note(Outcome(Status.CRASHED), profile, duration_s=time.monotonic() - started)
            raise
        _note(outcome, profile, duration_s=time.monotonic() - started)
    return outcome


def count_excess(user_id: str) -> int:
    """Return how many events a compression would summarise now; 0 while the memory is within its cap."""
    profile = find_profile(user_id)
    count = _counted_events(profile).count() if profile else 0
    return count - settings.MEMORY_KEEP_LAST if count > settings.MEMORY_CAP else 0


def _logged_with_trace() -> AbstractContextManager[None]:
    trace_id = tracing.current_trace_id()
    return structlog.contextvars.bound_contextvars(trace_id=trace_id) if trace_id else nullcontext()


def _note(outcome: Outcome, profile: UserProfile | None, *, duration_s: float) -> None:
    tracing.note(status=outcome.status.value, summarised=outcome.summarised, deleted=outcome.deleted)
    if outcome.status in FAILURES:
        tracing.note_failure()
    metrics.COMPRESSIONS.labels(outcome.status).inc()
    if profile is None or outcome == Outcome(Status.NOTHING):
        return
    if outcome.status is not Status.NOTHING:
        metrics.COMPRESSION_SECONDS.observe(duration_s)
        user_id, events = profile.user_id, outcome.summarised
        log.info("memory compressed", user_id=user_id, status=outcome.status, events=events)
    record = Compression(
        user_id=profile.user_id,
        status=outcome.status.value,
        summarised=outcome.summarised,
        deleted=outcome.deleted,
        duration_s=duration_s,
    )
    keep_record(record, profile)


def _compress(profile: UserProfile | None, *, chain: Chain, is_extractive_allowed: bool) -> Outcome:
    if profile is None:
        return Outcome(Status.NOTHING)
    outcome = _compress_excess(profile, chain=chain, is_extractive_allowed=is_extractive_allowed)
    if outcome.deleted:  # and whatever a killed run had left to delete with it
        return outcome
    return replace(outcome, deleted=_finish_deleting(profile))


def _compress_excess(profile: UserProfile, *, chain: Chain, is_extractive_allowed: bool) -> Outcome:
    outcome = Outcome(Status.NOTHING)
    events = _list_oldest_events(profile)
    if len(events) <= settings.MEMORY_CAP:
        return outcome
    is_extractive_allowed |= len(events) > settings.MEMORY_CAP * EXTRACTIVE_FACTOR
    goal = _find_goal(profile, events)
    found: UserProfile | None = profile
    while found and goal and (events := [event for event in events if memory.position_of(event) <= goal]):
        step = _compress_batch(found, events, chain=chain, is_extractive_allowed=is_extractive_allowed)
        outcome = Outcome(step.status, outcome.summarised + step.summarised, outcome.deleted + step.deleted)
        if step.status not in DONE or memory.position_of(events[step.summarised - 1]) == goal:
            break
        found = find_profile(profile.user_id)
        events = _list_oldest_events(found) if found else []
    return outcome


def _compress_batch(
    profile: UserProfile, events: list[MemoryEvent], *, chain: Chain, is_extractive_allowed: bool
) -> Outcome:
    """Do steps 2 to 5 for as many of the oldest events as fit into one prompt."""
    try:
        summary = summarise_events(profile, events, chain=chain, is_extractive_allowed=is_extractive_allowed)
    except SummaryUnfit as unfit:
        log.warning("summary rejected", user_id=profile.user_id, fault=unfit.fault)
        return Outcome(Status.REJECTED)
    except LLMError as error:
        log.warning("summary unavailable", user_id=profile.user_id, outcome=error.outcome)
        return Outcome(Status.UNAVAILABLE)
    until = memory.position_of(summary.covered[-1])
    if not _store_summary(profile, summary, until=until):
        return Outcome(Status.SUPERSEDED)
    status = Status.EXTRACTIVE if summary.is_extractive else Status.OK
    deleted = memory.delete_below(profile.user_id, until)
    return Outcome(status, summarised=len(summary.covered), deleted=deleted)


def _finish_deleting(profile: UserProfile) -> int:
    watermark = memory.watermark_of(profile)
    return memory.delete_below(profile.user_id, watermark) if watermark else 0


def _find_goal(profile: UserProfile, events: list[MemoryEvent]) -> Position | None:
    """Return the position below the newest MEMORY_KEEP_LAST events, None if they were cleared meanwhile."""
    if len(events) < _count_read_at_a_time():
        return memory.position_of(events[-1 - settings.MEMORY_KEEP_LAST])
    newest_first = _counted_events(profile).order_by("-created_at", "-pk")
    found = newest_first[settings.MEMORY_KEEP_LAST : settings.MEMORY_KEEP_LAST + 1].first()
    return memory.position_of(found) if found else None


def _list_oldest_events(profile: UserProfile) -> list[MemoryEvent]:
    """Return the oldest events, so many at most that the process stays small."""
    oldest_first = _counted_events(profile).order_by("created_at", "pk")
    return list(oldest_first.only("role", "content", "created_at")[: _count_read_at_a_time()])


def _count_read_at_a_time() -> int:
    """Return a number by which a memory within its cap, over it, and far over it can be told apart."""
    far_over_cap: int = settings.MEMORY_CAP * EXTRACTIVE_FACTOR + 1
    return max(BATCH_EVENTS, far_over_cap)


def _counted_events(profile: UserProfile) -> QuerySet[MemoryEvent]:
    return MemoryEvent.objects.filter(memory.above(memory.watermark_of(profile)), user_id=profile.user_id)


def _store_summary(profile: UserProfile, summary: Summary, *, until: Position) -> bool:
    """Write summary and watermark in one update; False if the profile has moved since it was read."""
    metrics.PROFILE_WRITES.inc()
    return bool(
        unmoved(profile).update(
            memory_summary=summary.text,
            is_summary_extractive=summary.is_extractive,
            summarized_until_at=until.at,
            summarized_until_id=until.id,
            updated_at=timezone.now(),
        )
    )
