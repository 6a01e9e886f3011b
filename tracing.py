"""Spans: how long the steps of a request took, and how they ended. Without a provider they cost next to nothing.

A message's trace id is made where its update arrives, stored with it, written into every log line, and it is
OpenTelemetry's trace id. Of such a trace the root is recorded last, by the process that answers. Its span id is the
trace id's second half, so that every process can name it as the parent long before.

What a span says of its step are counts and outcomes, and ids that lead to nobody without the database: never a word
of a conversation, a name, a token, an address or the id of a person.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from opentelemetry import context, trace
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, StatusCode, TraceFlags

Value = str | int | float | bool | None

SCOPE = (
    "butler"  # what others measure with OpenTelemetry is not ours to keep: it may hold words and addresses
)
TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{16}(?!0{16})[0-9a-f]{16}")
SECOND_HALF = 2**64 - 1
NS_PER_S = 1_000_000_000
ERROR_ATTRIBUTE = "error"

# Set while a root is recorded: the ids it is to have. Read by the provider's generator of ids.
root_ids: ContextVar[tuple[int, int] | None] = ContextVar("root_ids", default=None)

_tracer = trace.get_tracer(SCOPE)


@contextmanager
def span(
    name: str, *, trace_id: str = "", expected: tuple[type[Exception], ...] = (), **attributes: Value
) -> Iterator[Span]:
    """Record the block as a step of what is under way, or of the request `trace_id`.

    An exception that leaves the block makes it a failure unless it is among the `expected`; its kind is kept, its
    text is not. Not for a block that yields to its caller in the middle: the caller's steps would count as its own.
    """
    opened = _tracer.start_span(
        name, context=_below(trace_id) if trace_id else None, attributes=_stated(attributes)
    )
    token = context.attach(trace.set_span_in_context(opened))
    try:
        yield opened
    except Exception as error:
        opened.set_attribute(ERROR_ATTRIBUTE, type(error).__name__)
        if not isinstance(error, expected):
            opened.set_status(StatusCode.ERROR)
        raise
    finally:
        context.detach(token)
        opened.end()


def record(
    name: str,
    *,
    trace_id: str = "",
    duration_s: float = 0.0,
    started_at: datetime | None = None,
    is_error: bool = False,
    **attributes: Value,
) -> None:
    """Record a step that has just ended, and began `duration_s` seconds ago or at `started_at`.

    It is one of what is under way, or of the request `trace_id`.
    """
    ended_ns = time.time_ns()
    started_ns = _as_ns(started_at) if started_at else ended_ns - int(duration_s * NS_PER_S)
    parent = _below(trace_id) if trace_id else None
    _record(name, started_ns, ended_ns, is_error=is_error, attributes=attributes, parent=parent)


def record_request(
    name: str, *, trace_id: str, started_at: datetime, is_error: bool = False, **attributes: Value
) -> None:
    """Record the root of the request `trace_id`, which has just ended: once, whoever has worked on it."""
    if not TRACE_ID.fullmatch(trace_id):
        return
    token = root_ids.set((int(trace_id, 16), _find_root_id(trace_id)))
    try:
        _record(
            name,
            _as_ns(started_at),
            time.time_ns(),
            is_error=is_error,
            attributes=attributes,
            parent=context.Context(),
        )
    finally:
        root_ids.reset(token)


def note(**attributes: Value) -> None:
    """Say more of the step under way."""
    trace.get_current_span().set_attributes(_stated(attributes))


def note_failure() -> None:
    """Make the step under way a failure, though it ends without an exception."""
    trace.get_current_span().set_status(StatusCode.ERROR)


def warm_up() -> None:
    """Load what records spans, instead of with the first of them."""
    trace.get_tracer_provider().get_tracer(SCOPE)


@contextmanager
def recorded_by(tracer: trace.Tracer) -> Iterator[None]:
    """Have the process's spans made by another tracer while the block lasts."""
    global _tracer  # noqa: PLW0603  # the seam by which a test sees what is recorded
    before, _tracer = _tracer, tracer
    try:
        yield
    finally:
        _tracer = before


def current_trace_id() -> str:
    """Return the trace id of what is under way; empty where nothing is traced."""
    current = trace.get_current_span().get_span_context()
    return f"{current.trace_id:032x}" if current.is_valid else ""


def current_span_id(trace_id: str) -> str:
    """Return the id of the step under way, 16 hex digits; empty if it is none of the request `trace_id`."""
    current = trace.get_current_span()
    found = current.get_span_context()
    if not current.is_recording() or f"{found.trace_id:032x}" != trace_id:
        return ""
    return f"{found.span_id:016x}"


def _record(
    name: str,
    started_ns: int,
    ended_ns: int,
    *,
    is_error: bool,
    attributes: dict[str, Value],
    parent: context.Context | None = None,
) -> None:
    recorded = _tracer.start_span(
        name, context=parent, start_time=min(started_ns, ended_ns), attributes=_stated(attributes)
    )
    if is_error:
        recorded.set_status(StatusCode.ERROR)
    recorded.end(ended_ns)


def _below(trace_id: str) -> context.Context | None:
    """Return the context in which the root of a request is the parent; None for what is no trace id."""
    if not TRACE_ID.fullmatch(trace_id):
        return None
    root = SpanContext(
        int(trace_id, 16), _find_root_id(trace_id), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(NonRecordingSpan(root), context.Context())


def _find_root_id(trace_id: str) -> int:
    return int(trace_id, 16) & SECOND_HALF


def _as_ns(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _stated(attributes: dict[str, Value]) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in attributes.items() if value is not None}
