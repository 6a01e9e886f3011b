"""A trace id for every request, in its logs and in its response."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

TRACE_HEADER = "X-Trace-Id"


class TraceIdMiddleware:
    """Bind a new trace id (32 hex digits, as W3C Trace Context has it) to the logs of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trace_id = uuid.uuid4().hex
        request.trace_id = trace_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(trace_id=trace_id)
        response = self.get_response(request)
        response[TRACE_HEADER] = trace_id
        return response
