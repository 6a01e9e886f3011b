"""Where the spans of a process go. OpenTelemetry's SDK is loaded with the first of them.

A process that records none is spared its 3 MB: the bot by webhook, the web process by polling, beat.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from opentelemetry import trace
from opentelemetry.util.types import Attributes

import tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

log = structlog.get_logger(__name__)

TRACES_PATH = "/v1/traces"  # below OTEL_EXPORTER_OTLP_ENDPOINT, as the specification of OTLP exporters has it
NAMESPACE = "butler"


class LazyProvider(trace.TracerProvider):
    """Builds the provider with the first span of ours; others' spans are not kept.

    A library that measures itself with OpenTelemetry would put commands, addresses and prompts into its spans.
    """

    def __init__(self, build: Callable[[], trace.TracerProvider]) -> None:
        self._build = build
        self._tracer: trace.Tracer | None = None
        self.start_afresh()

    def start_afresh(self) -> None:
        """Begin with a lock that nobody holds: for the child of a fork."""
        self._building = threading.Lock()

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes | None = None,
    ) -> trace.Tracer:
        if instrumenting_module_name != tracing.SCOPE:
            return trace.NoOpTracer()
        with self._building:
            if self._tracer is None:
                self._tracer = self._load()
            return self._tracer

    def _load(self) -> trace.Tracer:
        try:
            return self._build().get_tracer(tracing.SCOPE)
        except Exception:  # a wrong OTEL_ variable, for instance: no answer fails for it
            log.exception("no traces are kept")
            return trace.NoOpTracer()


def start_tracing(process: str) -> None:
    """Have the spans of this process kept, if any are to be."""
    if not process or not settings.TRACE_SAMPLE_RATIO:
        return
    build = partial(
        build_provider,
        process,
        ratio=settings.TRACE_SAMPLE_RATIO,
        otlp_endpoint=settings.OTEL_EXPORTER_OTLP_ENDPOINT,
    )
    provider = LazyProvider(build)
    os.register_at_fork(after_in_child=provider.start_afresh)
    trace.set_tracer_provider(provider)


def build_provider(process: str, *, ratio: float, otlp_endpoint: str = "") -> TracerProvider:
    """Return the SDK's provider, whose spans are written to the database and, if wanted, sent by OTLP.

    Raises `ValueError` for an OTEL_ variable that the SDK cannot read.
    """
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415 - see above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    from observability.spans.export import BoundedSpanProcessor, MongoSpanExporter  # noqa: PLC0415
    from observability.spans.ids import ShareSampler, TraceIds  # noqa: PLC0415

    own = Resource({"service.namespace": NAMESPACE, "service.name": process})
    # The operator's OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
    resource = own.merge(OTELResourceDetector().detect())
    provider = TracerProvider(ShareSampler(ratio), resource, id_generator=TraceIds())
    processor = BoundedSpanProcessor(MongoSpanExporter(process))
    os.register_at_fork(after_in_child=processor.start_afresh)
    provider.add_span_processor(processor)
    if otlp_endpoint:
        _add_otlp(provider, otlp_endpoint)
    return provider


def _add_otlp(provider: TracerProvider, endpoint: str) -> None:
    """Send spans on as well. Headers, certificates and the like are OTEL_EXPORTER_OTLP_…, read by the exporter."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    from observability.spans.export import HurriedSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}{TRACES_PATH}")
    provider.add_span_processor(HurriedSpanProcessor(exporter))
