"""Traces as they are looked up again: the requests of a list, the steps of one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet

from observability.models import TracePart
from observability.spans.rows import SpanRow

LISTED = 50
MS_PER_S, US_PER_MS = 1_000, 1_000
MOST_PARTS = 200  # of one request: a nightly run over everybody has more steps than anybody reads


class Order(StrEnum):
    NEWEST = "newest"
    SLOWEST = "slowest"
    FAILED = "failed"  # newest first


@dataclass(frozen=True, slots=True)
class Request:
    """A request by its root. `is_complete` is false where there is none (yet): then `name` is empty."""

    trace_id: str
    name: str
    process: str
    started_at: datetime
    duration_ms: float
    is_error: bool
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True, slots=True)
class Page:
    """`older_than` is the `before` of the next page, None on the last."""

    requests: list[Request]
    older_than: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a request, and the process in which it was done."""

    span_id: str
    parent_id: str
    name: str
    process: str
    started_us: int
    duration_ms: float
    is_error: bool
    attributes: dict[str, Any]

    @property
    def ended_us(self) -> float:
        return self.started_us + self.duration_ms * US_PER_MS


def list_requests(
    order: Order = Order.NEWEST, *, over_s: float = 0.0, before: datetime | None = None, limit: int = LISTED
) -> Page:
    """Return the first requests of the last SPAN_TTL_DAYS that took `over_s` or longer, at most `limit`.

    `before` goes on where an earlier page, but of the slowest, has ended.
    """
    over_ms = over_s * MS_PER_S
    if order is Order.FAILED:
        return _list_failed(before, over_ms=over_ms, limit=limit)
    roots = TracePart.objects.filter(is_root=True)
    if over_ms:
        roots = roots.filter(duration_ms__gte=over_ms)
    if order is Order.SLOWEST:
        roots = roots.order_by("-duration_ms")
    else:
        roots = _begun_before(roots, before).order_by("-started_at")
    found = list(roots[:limit])
    failed = _find_failed(part.trace_id for part in found)
    has_more = order is Order.NEWEST and len(found) == limit
    return Page(
        [_read_request(part, is_error=part.trace_id in failed) for part in found],
        older_than=found[-1].started_at if has_more else None,
    )


def read_steps(trace_id: str) -> list[Step]:
    """Return what is kept of a request, in order of beginning."""
    parts = TracePart.objects.filter(trace_id=trace_id)[:MOST_PARTS]
    # A process killed at the wrong moment may have had the root written twice.
    steps = {span["span_id"]: _read_step(part, span) for part in parts for span in part.spans}
    return sorted(steps.values(), key=lambda step: (step.started_us, -step.duration_ms))


def _list_failed(before: datetime | None, *, over_ms: float, limit: int) -> Page:
    """Look at so many failures, however many requests they come to: a request may fail in several parts."""
    newest_first = _begun_before(TracePart.objects.filter(is_error=True), before).order_by("-started_at")
    parts = list(newest_first[:limit])
    failed = {part.trace_id: part for part in parts}
    roots = TracePart.objects.filter(trace_id__in=list(failed), is_root=True)
    chosen = failed | {root.trace_id: root for root in roots}
    return Page(
        [_read_request(part, is_error=True) for part in chosen.values() if part.duration_ms >= over_ms],
        older_than=parts[-1].started_at if len(parts) == limit else None,
    )


def _begun_before(parts: QuerySet[TracePart], before: datetime | None) -> QuerySet[TracePart]:
    return parts.filter(started_at__lt=before) if before else parts


def _find_failed(trace_ids: Iterable[str]) -> set[str]:
    failed = TracePart.objects.filter(trace_id__in=list(trace_ids), is_error=True)
    return set(failed.values_list("trace_id", flat=True))


def _read_request(part: TracePart, *, is_error: bool) -> Request:
    spans: Sequence[SpanRow] = part.spans
    root = next((span for span in spans if not span["parent_id"]), None)
    return Request(
        trace_id=part.trace_id,
        name=part.name,
        process=part.process,
        started_at=part.started_at.astimezone(UTC),
        duration_ms=part.duration_ms,
        is_error=is_error,
        attributes=dict(root["attributes"]) if root else {},
    )


def _read_step(part: TracePart, span: SpanRow) -> Step:
    return Step(
        span_id=span["span_id"],
        parent_id=span["parent_id"],
        name=span["name"],
        process=part.process,
        started_us=span["started_us"],
        duration_ms=span["duration_ms"],
        is_error=span["is_error"],
        attributes=dict(span["attributes"]),
    )
