"""In which processes spans are recorded, and where they are sent on to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

import tracing
from observability.models import TracePart
from observability.spans.export import HurriedSpanProcessor
from observability.spans.process import find_process_name
from observability.spans.provider import LazyProvider, build_provider
from tests.harness.processes import PATIENCE_S
from tests.observability.spans import new_trace_id

CANARY = "тайна, которой нигде не место"


class Unwell(Exception):
    pass


# --- Processes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["/venv/bin/gunicorn", "butler_project.wsgi"], "web"),
        (["/venv/lib/gunicorn/__main__.py", "butler_project.wsgi"], "web"),
        (["celery", "-A", "butler_project", "worker", "-P", "threads"], "worker"),
        (["celery", "-A", "butler_project", "worker", "-n", "reader@%h"], "reader"),
        (["celery", "-A", "butler_project", "worker", "--hostname=night@host"], "night"),
        (["celery", "-A", "butler_project", "beat"], "beat"),
        (["celery", "-A", "butler_project", "inspect"], ""),
        (["manage.py", "runbot"], "bot"),
        (["./manage.py", "compress_memory", "--user", "1"], "compress_memory"),
        (["manage.py"], ""),
        (["/venv/bin/pytest"], ""),
        ([], ""),
    ],
)
def test_a_process_is_named_by_what_it_was_called_with(arguments: list[str], name: str) -> None:
    assert find_process_name(arguments) == name


def test_spans_of_libraries_are_not_kept_and_ours_by_one_provider() -> None:
    built: list[TracerProvider] = []

    def build() -> TracerProvider:
        built.append(TracerProvider(shutdown_on_exit=False))
        return built[-1]

    provider = LazyProvider(build)
    assert isinstance(provider.get_tracer("redis"), trace.NoOpTracer)
    assert built == []
    threads = [threading.Thread(target=provider.get_tracer, args=(tracing.SCOPE,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1


def test_a_provider_that_cannot_be_built_costs_the_traces_and_nothing_else() -> None:
    def build() -> TracerProvider:
        raise ValueError("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")

    tracer = LazyProvider(build).get_tracer(tracing.SCOPE)

    with tracing.recorded_by(tracer), tracing.span("answer update", trace_id=new_trace_id()):
        tracing.record("ask model")


# --- Sent on ------------------------------------------------------------------------------------------------------


class Collector(HTTPServer):
    """Takes spans by OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[tuple[str, dict[str, str], bytes]] = []


class _Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, Collector)
        self.server.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.django_db
def test_spans_are_sent_on_by_otlp_with_what_the_operator_configured(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20abc")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=house")
    trace_id = new_trace_id()
    made = build_provider("worker", ratio=1.0, otlp_endpoint=f"http://127.0.0.1:{collector.server_port}/")

    with (
        tracing.recorded_by(made.get_tracer(tracing.SCOPE)),
        pytest.raises(Unwell),
        tracing.span("ask model", trace_id=trace_id, outcome="ok"),
    ):
        raise Unwell(CANARY)
    made.force_flush()
    made.shutdown()

    ((path, headers, body),) = collector.received
    assert (path, headers["authorization"]) == ("/v1/traces", "Basic abc")
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    resource = {one.key: one.value.string_value for one in sent.resource.attributes}
    assert (
        resource.items()
        >= {
            "service.namespace": "butler",
            "service.name": "worker",
            "deployment.environment": "house",
        }.items()
    )
    (span,) = sent.scope_spans[0].spans
    assert (span.name, span.trace_id.hex(), list(span.events)) == ("ask model", trace_id, [])
    assert CANARY.encode() not in body
    assert TracePart.objects.filter(trace_id=trace_id).count() == 1


class Stuck(SpanExporter):
    """A collector that has taken a request and does not answer."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer, self.has_answered = (threading.Event() for _ in range(3))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_asked.set()
        self.may_answer.wait()
        self.has_answered.set()
        return SpanExportResult.SUCCESS


def test_a_process_that_stops_does_not_wait_out_a_silent_collector() -> None:
    collector = Stuck()
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(HurriedSpanProcessor(collector, end_wait_s=0.05))
    with tracing.recorded_by(made.get_tracer(tracing.SCOPE)):
        tracing.record("ask model")
    sending = threading.Thread(target=made.force_flush, daemon=True)
    sending.start()
    assert collector.is_asked.wait(PATIENCE_S)

    made.shutdown()

    assert not collector.has_answered.is_set()
    collector.may_answer.set()
    sending.join(PATIENCE_S)
    assert collector.has_answered.is_set()
