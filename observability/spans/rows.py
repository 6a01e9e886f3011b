"""How a step is stored. Apart from the exporter, so that who reads spans does not load OpenTelemetry's SDK."""

from __future__ import annotations

from typing import TypedDict


class SpanRow(TypedDict):
    """One step as it is stored. `parent_id` is empty for a root; `started_us` are microseconds since 1970."""

    span_id: str
    parent_id: str
    name: str
    started_us: int
    duration_ms: float
    is_error: bool
    attributes: dict[str, str | int | float | bool]
