"""What is recorded of a request, where it goes, and that nobody waits or fails for it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.conf import LazySettings
from django.db import connection
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import StatusCode
from pymongo.errors import ServerSelectionTimeoutError

import tracing
from llm.call import ExchangeRecord
from llm.chain import Chain
from llm.errors import BadAnswer
from llm.route import Candidate, Route
from llm.trace_context import trace_headers
from observability.models import TTL_INDEX, TracePart
from observability.spans import metrics
from observability.spans.export import BoundedSpanProcessor, MongoSpanExporter, Row
from observability.spans.ids import ShareSampler, TraceIds
from observability.spans.keeping import apply_ttl
from personalization.domain.compression import compress_memory
from personalization.domain.profiles import get_profile
from tests.factories.personalization import fill_memory
from tests.harness.chains import Vendor
from tests.observability.spans import attributes, new_trace_id, parents, recorded_spans

CANARY = "тайна, которой нигде не место"
NOT_BY_ITSELF_MS = 3_600_000  # spans are written when a batch is full, or when the test says so


class Unwell(Exception):
    pass


# --- A request and its steps ----------------------------------------------------------------------------------


def test_steps_in_several_processes_hang_from_the_root_that_is_recorded_last() -> None:
    trace_id, began_at = new_trace_id(), datetime.now(UTC) - timedelta(seconds=2)

    with recorded_spans() as kept:
        with tracing.span("accept update", trace_id=trace_id, update_id=7):
            tracing.note(kind="message")
        with tracing.span("answer update", trace_id=trace_id):
            with tracing.span("read context", events=None):
                pass
            tracing.record("ask model", duration_s=0.5, outcome="ok")
            tracing.record_request("update", trace_id=trace_id, started_at=began_at, outcome="answered")

    spans = {span.name: span for span in kept.get_finished_spans()}
    assert parents(list(spans.values())) == {
        "accept update": "update",
        "read context": "answer update",
        "ask model": "answer update",
        "update": "",
        "answer update": "update",
    }
    assert {f"{span.context.trace_id:032x}" for span in spans.values() if span.context} == {trace_id}
    assert attributes(spans["accept update"]) == {"update_id": 7, "kind": "message"}
    assert attributes(spans["read context"]) == {}
    model, root = spans["ask model"], spans["update"]
    assert (model.end_time or 0) - (model.start_time or 0) == 500_000_000
    assert root.start_time == int(began_at.timestamp() * 1_000_000) * 1_000


def test_without_a_request_a_step_begins_a_trace_of_its_own() -> None:
    with recorded_spans() as kept:
        with tracing.span("compress memory"):
            trace_id = tracing.current_trace_id()
        with tracing.span("no trace id", trace_id="nonsense"):
            pass
        tracing.record_request("update", trace_id="", started_at=datetime.now(UTC))

    compressed, other = kept.get_finished_spans()
    assert parents([compressed, other]) == {"compress memory": "", "no trace id": ""}
    assert compressed.context is not None
    assert trace_id == f"{compressed.context.trace_id:032x}"


def test_of_an_exception_the_kind_is_kept_and_never_the_words() -> None:
    with recorded_spans() as kept:
        for expected in ((), (Unwell,)):
            with pytest.raises(Unwell), tracing.span("send message", expected=expected):
                raise Unwell(CANARY)
        with tracing.span("accept update"):
            tracing.note_failure()

    unexpected, expected_one, noted = kept.get_finished_spans()
    codes = [span.status.status_code for span in (unexpected, expected_one, noted)]
    assert codes == [StatusCode.ERROR, StatusCode.UNSET, StatusCode.ERROR]
    assert attributes(unexpected) == attributes(expected_one) == {"error": "Unwell"}
    assert CANARY not in "".join(span.to_json() for span in kept.get_finished_spans())


def test_a_model_is_sent_the_step_under_way_as_its_parent() -> None:
    trace_id = new_trace_id()

    with recorded_spans() as kept, tracing.span("answer update", trace_id=trace_id):
        sent = trace_headers(trace_id)["traceparent"]
        of_another = trace_headers(new_trace_id())["traceparent"]

    (span,) = kept.get_finished_spans()
    assert span.context is not None
    assert sent == f"00-{trace_id}-{span.context.span_id:016x}-01"
    assert f"{span.context.span_id:016x}" not in of_another


@pytest.mark.parametrize("ratio", [0.0, 0.25, 1.0])
def test_a_share_of_requests_is_kept_and_each_whole_or_not_at_all(ratio: float) -> None:
    random = Random(5)
    trace_ids = [uuid.UUID(int=random.getrandbits(128), version=4).hex for _ in range(2_000)]
    sampler = ShareSampler(ratio)

    def is_kept(trace_id: str) -> bool:
        return sampler.should_sample(None, int(trace_id, 16), "update").decision.is_sampled()

    kept = [trace_id for trace_id in trace_ids if is_kept(trace_id)]
    assert len(kept) / len(trace_ids) == pytest.approx(ratio, abs=0.03)
    with recorded_spans(ratio=ratio) as recorded:
        for trace_id in trace_ids[:40]:
            with tracing.span("accept update", trace_id=trace_id), tracing.span("inner"):
                pass
            tracing.record_request("update", trace_id=trace_id, started_at=datetime.now(UTC))
    assert len(recorded.get_finished_spans()) == 3 * sum(map(is_kept, trace_ids[:40]))


@pytest.mark.django_db
def test_a_compression_is_a_request_of_its_own_and_its_calls_are_found_by_its_trace() -> None:
    get_profile("42")
    fill_memory("42", 51)
    records: list[ExchangeRecord] = []
    vendor = Vendor("silent", BadAnswer("garbled", provider="silent"))
    asked_first = Candidate(vendor, None)
    chain = Chain(Route(first=asked_first, house=asked_first), record=records.append)

    with recorded_spans() as kept:
        compress_memory("42", chain=chain)

    spans = {span.name: span for span in kept.get_finished_spans()}
    compressed, asked = spans["compress memory"], spans["ask model"]
    assert parents(list(spans.values())) == {"ask model": "compress memory", "compress memory": ""}
    assert attributes(compressed) == {"status": "unavailable", "summarised": 0, "deleted": 0}
    assert [span.status.status_code for span in (compressed, asked)] == [StatusCode.ERROR] * 2
    assert compressed.context is not None
    assert [record.trace_id for record in records] == [f"{compressed.context.trace_id:032x}"]


# --- On the way to the database ---------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    made = TracerProvider(ShareSampler(1.0), id_generator=TraceIds(), shutdown_on_exit=False)
    made.add_span_processor(BoundedSpanProcessor(MongoSpanExporter("worker"), delay_ms=NOT_BY_ITSELF_MS))
    yield made
    made.shutdown()


@pytest.mark.django_db
def test_spans_are_written_a_request_at_a_time(provider: TracerProvider) -> None:
    first, second = new_trace_id(), new_trace_id()
    began_at = datetime(2026, 3, 5, 12, tzinfo=UTC)

    with tracing.recorded_by(provider.get_tracer(tracing.SCOPE)):
        for trace_id in (first, second):
            with pytest.raises(Unwell), tracing.span("ask model", trace_id=trace_id, model="m" * 300):
                raise Unwell(CANARY)
        tracing.record_request("update", trace_id=first, started_at=began_at, outcome="parked")
    provider.force_flush()

    whole, part = TracePart.objects.get(trace_id=first), TracePart.objects.get(trace_id=second)
    assert (whole.is_root, whole.name, whole.started_at) == (True, "update", began_at)
    assert (part.is_root, part.name, part.process, part.is_error) == (False, "", "worker", True)
    root, asked = whole.spans
    assert (root["parent_id"], asked["parent_id"]) == ("", root["span_id"])
    assert (root["is_error"], asked["is_error"]) == (False, True)
    assert asked["attributes"] == {"model": "m" * 200, "error": "Unwell"}
    assert CANARY not in str(list(TracePart.objects.values()))


@pytest.mark.django_db
def test_spans_expire_after_the_days_that_are_set(settings: LazySettings) -> None:
    settings.SPAN_TTL_DAYS = 3

    apply_ttl()

    index = connection.get_collection("spans").index_information()[TTL_INDEX]
    assert index["expireAfterSeconds"] == 3 * 86_400


def dropped(reason: str) -> float:
    return metrics.SPANS_DROPPED.labels(reason)._value.get()


def test_a_database_that_is_away_costs_spans_and_nothing_else() -> None:
    def refuse(rows: list[Row]) -> None:
        raise ServerSelectionTimeoutError

    before = dropped(metrics.REFUSED)
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(BoundedSpanProcessor(MongoSpanExporter("worker", insert=refuse)))

    with tracing.recorded_by(made.get_tracer(tracing.SCOPE)), tracing.span("answer update"):
        tracing.record("ask model")
    made.force_flush()
    made.shutdown()

    assert dropped(metrics.REFUSED) == before + 2


def test_what_finds_no_room_is_counted_and_nobody_waits() -> None:
    may_write, is_writing = threading.Event(), threading.Event()
    written: list[Row] = []

    def write_slowly(rows: list[Row]) -> None:
        is_writing.set()
        may_write.wait()
        written.extend(rows)

    before = dropped(metrics.FULL)
    made = TracerProvider(shutdown_on_exit=False)
    exporter = MongoSpanExporter("worker", insert=write_slowly)
    made.add_span_processor(BoundedSpanProcessor(exporter, most_waiting=3, delay_ms=NOT_BY_ITSELF_MS))

    with tracing.recorded_by(made.get_tracer(tracing.SCOPE)):
        for _ in range(3):  # a batch: it is fetched at once
            tracing.record("ask model")
        is_writing.wait()
        for _ in range(5):
            tracing.record("ask model")
    may_write.set()
    made.shutdown()

    assert dropped(metrics.FULL) == before + 2
    assert len(written) == 6
