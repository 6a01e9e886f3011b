"""Spans on their way to the database: a bounded queue, a thread that writes what has come together.

Nobody waits for it, and no answer fails for it: what the database does not take is given up, and counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import pymongo
import structlog
from bson import ObjectId
from django.db import connection
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from observability.models import NAME_MAX_CHARS, PROCESS_MAX_CHARS, TracePart
from observability.spans import metrics
from observability.spans.rows import SpanRow

log = structlog.get_logger(__name__)

MOST_WAITING = 2_048  # spans, some 3 KB each: what a busy worker makes in ten seconds
BATCH_SPANS = 512
DELAY_MS = 1_000  # so much later a span can be read
WRITE_TIMEOUT_S = 3.0  # also how long a process that stops waits for a database that is away
END_WAIT_S = 3.0  # for a collector, which OpenTelemetry would wait out: 30 s
MS_PER_S = 1_000
ATTRIBUTE_MAX_CHARS = 200  # longer than any outcome or model's name
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NS_PER_US, US_PER_MS = 1_000, 1_000
NUMBERS = (bool, int, float)  # a union written at its place would be made anew for each value

Row = dict[str, Any]


class MongoSpanExporter(SpanExporter):
    """Writes spans by `insert`, which raises for a database that is away.

    When the process ends one failure is enough: the rest of the spans is given up.
    """

    def __init__(self, process: str, *, insert: Callable[[list[Row]], None] | None = None) -> None:
        self._process = process[:PROCESS_MAX_CHARS]
        self._insert = insert or insert_parts
        self._is_closing = self._is_given_up = False

    def note_end(self) -> None:
        """Hear that the process ends."""
        self._is_closing = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._is_given_up:
            metrics.SPANS_DROPPED.labels(metrics.REFUSED).inc(len(spans))
            return SpanExportResult.FAILURE
        try:
            self._insert(build_parts(spans, process=self._process))
        except Exception as error:
            metrics.SPANS_DROPPED.labels(metrics.REFUSED).inc(len(spans))
            log.warning("spans not written", error=type(error).__name__, spans=len(spans))
            self._is_given_up = self._is_closing
            return SpanExportResult.FAILURE
        metrics.SPANS_WRITTEN.inc(len(spans))
        return SpanExportResult.SUCCESS


class BoundedSpanProcessor(BatchSpanProcessor):
    """OpenTelemetry's processor, which counts the spans it has no room for."""

    def __init__(
        self, exporter: MongoSpanExporter, *, most_waiting: int = MOST_WAITING, delay_ms: int = DELAY_MS
    ) -> None:
        self._own_exporter = exporter
        self._most_waiting = most_waiting
        self._waiting = 0
        self._counting = threading.Lock()
        super().__init__(
            _Counted(exporter, self._note_exported),
            # One more than is ever let in: OpenTelemetry's own complaints are a log line for each span.
            max_queue_size=most_waiting + 1,
            schedule_delay_millis=delay_ms,
            max_export_batch_size=min(BATCH_SPANS, most_waiting),
        )

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that has ended, or count it as dropped; returns at once."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._counting:
            has_room = self._waiting < self._most_waiting
            self._waiting += has_room
        if has_room:
            super().on_end(span)
        else:
            metrics.SPANS_DROPPED.labels(metrics.FULL).inc()

    def shutdown(self) -> None:
        """Write what waits, if the database takes it."""
        self._own_exporter.note_end()
        super().shutdown()  # type: ignore[no-untyped-call]

    def start_afresh(self) -> None:
        """Begin with an empty queue: for the child of a fork, whose parent writes what was there."""
        self._counting = threading.Lock()
        self._waiting = 0

    def _note_exported(self, spans: int) -> None:
        with self._counting:
            self._waiting = max(self._waiting - spans, 0)


class HurriedSpanProcessor(BatchSpanProcessor):
    """OpenTelemetry's processor for a process that may be asked to stop: then it waits `end_wait_s` and no longer."""

    def __init__(self, exporter: SpanExporter, *, end_wait_s: float = END_WAIT_S) -> None:
        super().__init__(exporter)
        self._end_wait_s = end_wait_s

    def shutdown(self) -> None:
        """Send what waits; what has not been taken in time is given up."""
        self._batch_processor.shutdown(timeout_millis=int(self._end_wait_s * MS_PER_S))


class _Counted(SpanExporter):
    """Tells how many spans have left the queue, whatever becomes of them."""

    def __init__(self, exporter: SpanExporter, note_exported: Callable[[int], None]) -> None:
        self._exporter = exporter
        self._note_exported = note_exported

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._note_exported(len(spans))
        return self._exporter.export(spans)

    def shutdown(self) -> None:
        self._exporter.shutdown()


def build_parts(spans: Iterable[ReadableSpan], *, process: str) -> list[Row]:
    """Return a document for each trace among the spans."""
    in_order = sorted(spans, key=lambda span: (_context(span).trace_id, span.start_time or 0))
    by_trace = groupby(in_order, key=lambda span: _context(span).trace_id)
    return [
        _build_part(trace_id, [_build_span(span) for span in found], process) for trace_id, found in by_trace
    ]


def insert_parts(rows: list[Row]) -> None:
    """Write documents. Raises `PyMongoError` or `DatabaseError` after `WRITE_TIMEOUT_S` at the latest."""
    with pymongo.timeout(WRITE_TIMEOUT_S):
        collection = connection.get_collection(TracePart._meta.db_table)  # type: ignore[attr-defined]
        collection.insert_many(rows, ordered=False)


def _build_part(trace_id: int, spans: list[SpanRow], process: str) -> Row:
    root = next((span for span in spans if not span["parent_id"]), None)
    started_us = (root or spans[0])["started_us"]
    return {
        "_id": ObjectId(),
        "trace_id": f"{trace_id:032x}",
        "process": process,
        "started_at": EPOCH + timedelta(microseconds=started_us),
        "is_root": root is not None,
        "name": root["name"] if root else "",
        "duration_ms": root["duration_ms"] if root else 0.0,
        "is_error": any(span["is_error"] for span in spans),
        "spans": spans,
    }


def _build_span(span: ReadableSpan) -> SpanRow:
    """Leave out events and a failure's text: words may have got into them."""
    started_us, ended_us = ((at or 0) // NS_PER_US for at in (span.start_time, span.end_time))
    attributes = span.attributes or {}
    return {
        "span_id": f"{_context(span).span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else "",
        "name": span.name[:NAME_MAX_CHARS],
        "started_us": started_us,
        "duration_ms": (ended_us - started_us) / US_PER_MS,
        "is_error": not span.status.is_ok,
        "attributes": {name: _plain(value) for name, value in attributes.items()},
    }


def _plain(value: object) -> str | int | float | bool:
    return value if isinstance(value, NUMBERS) else str(value)[:ATTRIBUTE_MAX_CHARS]


def _context(span: ReadableSpan) -> Any:
    return span.context
