"""A tracer of a test's own, and what it has recorded."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import tracing
from observability.models import TracePart
from observability.spans.export import build_parts
from observability.spans.ids import ShareSampler, TraceIds


def new_trace_id() -> str:
    """As the web process makes them."""
    return uuid.uuid4().hex


@contextmanager
def recorded_spans(*, ratio: float = 1.0) -> Iterator[InMemorySpanExporter]:
    """Record in memory what is traced within the block."""
    provider = TracerProvider(ShareSampler(ratio), id_generator=TraceIds(), shutdown_on_exit=False)
    kept = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with tracing.recorded_by(provider.get_tracer(tracing.SCOPE)):
        yield kept


def parents(spans: tuple[ReadableSpan, ...] | list[ReadableSpan]) -> dict[str, str]:
    """The name of each span's parent, empty for a root, «?» for one that is not among them."""
    names = {span.context.span_id: span.name for span in spans if span.context}
    return {span.name: names.get(span.parent.span_id, "?") if span.parent else "" for span in spans}


def store(spans: tuple[ReadableSpan, ...] | list[ReadableSpan], *, process: str = "worker") -> None:
    """Put spans into the database as a process does."""
    for row in build_parts(spans, process=process):
        TracePart.objects.create(**{name: value for name, value in row.items() if name != "_id"})


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})
