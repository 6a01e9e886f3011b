"""Traces in the admin: the list, and one request on a line of time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import tracing
from botgateway.models import InboxUpdate
from llm.models import Exchange
from observability.models import TracePart
from observability.spans.labels import write_duration
from observability.spans.reading import Order, Step, list_requests, read_steps
from observability.spans.waterfall import NARROWEST_PERCENT, build_waterfall
from tests.observability.spans import new_trace_id, recorded_spans, store

ROOT = "/admin/observability/tracepart/"
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
LAST_US = 10_000_000_000

# --- The line of time -----------------------------------------------------------------------------------------

IDS = [f"{number:016x}" for number in range(1, 9)]
STEPS = st.builds(
    Step,
    span_id=st.sampled_from(IDS),
    parent_id=st.sampled_from(["", *IDS, "f" * 16]),
    name=st.just("step"),
    process=st.just("worker"),
    started_us=st.integers(0, LAST_US),
    duration_ms=st.floats(0, 100_000),
    is_error=st.booleans(),
    attributes=st.just({}),
)


@given(steps=st.lists(STEPS, max_size=8, unique_by=lambda step: step.span_id))
def test_each_step_has_one_bar_within_the_whole_whatever_is_stored(steps: list[Step]) -> None:
    waterfall = build_waterfall(steps)

    assert sorted(bar.step.span_id for bar in waterfall.bars) == sorted(step.span_id for step in steps)
    for bar in waterfall.bars:
        assert 0 <= bar.left <= 100 - NARROWEST_PERCENT
        assert NARROWEST_PERCENT * 0.999 <= bar.width <= 100.000001 - bar.left
    places = {bar.step.span_id: place for place, bar in enumerate(waterfall.bars)}
    depths = {bar.step.span_id: bar.depth for bar in waterfall.bars}
    for step in steps:
        is_below = places.get(step.parent_id, len(steps)) < places[step.span_id]
        assert depths[step.span_id] == (depths[step.parent_id] + 1 if is_below else 0)


def step(span_id: str, parent_id: str, began_ms: int, took_ms: float) -> Step:
    return Step(
        span_id, parent_id, span_id, "worker", began_ms * 1_000, took_ms, is_error=False, attributes={}
    )


def test_children_stand_below_their_parent_in_the_order_of_beginning() -> None:
    steps = [
        step("send", "answer", 150, 50),
        step("root", "", 100, 100),
        step("ask", "answer", 120, 30),
        step("accept", "root", 100, 10),
        step("answer", "root", 110, 90),
    ]

    waterfall = build_waterfall(steps)

    assert [(bar.step.name, bar.depth, bar.left, bar.width) for bar in waterfall.bars] == [
        ("root", 0, 0.0, 100.0),
        ("accept", 1, 0.0, 10.0),
        ("answer", 1, 10.0, 90.0),
        ("ask", 2, 20.0, 30.0),
        ("send", 2, 50.0, 50.0),
    ]
    assert (waterfall.duration_ms, waterfall.has_root) == (100.0, True)


# --- What is found again ----------------------------------------------------------------------------------------


def keep_request(*, began_at: datetime, took_s: float, has_root: bool = True, fails: bool = False) -> str:
    """Store a request in two parts, as web and worker leave it."""
    trace_id = new_trace_id()
    with recorded_spans() as accepted, tracing.span("accept update", trace_id=trace_id, update_id=7):
        pass
    store(accepted.get_finished_spans(), process="web")
    with recorded_spans() as answered:
        with tracing.span("answer update", trace_id=trace_id):
            tracing.record("ask model", is_error=fails, outcome="timed_out" if fails else "ok")
        if has_root:
            tracing.record_request("update", trace_id=trace_id, started_at=began_at, outcome="answered")
    store(answered.get_finished_spans())
    parts = TracePart.objects.filter(trace_id=trace_id)
    parts.update(started_at=began_at)
    parts.filter(is_root=True).update(duration_ms=took_s * 1_000)
    return trace_id


@pytest.mark.django_db
def test_requests_are_listed_newest_slowest_or_failed_first_and_page_by_page() -> None:
    quick = keep_request(began_at=NOW, took_s=0.2)
    slow = keep_request(began_at=NOW - timedelta(minutes=1), took_s=9)
    failed = keep_request(began_at=NOW - timedelta(minutes=2), took_s=3, fails=True)
    killed = keep_request(began_at=NOW - timedelta(minutes=3), took_s=0, has_root=False, fails=True)

    def ids(*wanted: Order, **more: object) -> list[str]:
        return [request.trace_id for request in list_requests(*wanted, **more).requests]  # type: ignore[arg-type]

    assert ids() == [quick, slow, failed]
    assert [request.is_error for request in list_requests().requests] == [False, False, True]
    assert ids(Order.SLOWEST) == [slow, failed, quick]
    assert ids(Order.FAILED) == [failed, killed]
    assert ids(over_s=2.5) == [slow, failed]
    assert ids(Order.FAILED, over_s=2.5) == [failed]
    assert not list_requests(Order.FAILED).requests[1].is_complete
    first = list_requests(limit=2)
    assert ids(before=first.older_than) == [failed]
    assert list_requests(before=first.older_than).older_than is None
    assert ids(Order.FAILED, before=list_requests(Order.FAILED, limit=1).older_than) == [killed]
    accepted, answered, asked, root = sorted(read_steps(failed), key=lambda step: step.name)
    assert {accepted.parent_id, answered.parent_id} == {root.span_id}
    assert asked.parent_id == answered.span_id
    assert {one.name: one.process for one in (accepted, asked)} == {
        "accept update": "web",
        "ask model": "worker",
    }


# --- The pages ------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(client: Client) -> Client:
    user = User.objects.create_user("reader", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_tracepart", "view_exchange"]))
    client.force_login(user)
    return client


def read(staff: Client, path: str = "", language: str = "en", **query: str) -> str:
    response = staff.get(f"{ROOT}{path}", query, headers={"Accept-Language": language})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.django_db
def test_the_list_leads_to_a_request_and_keeps_to_what_is_asked_for(staff: Client) -> None:
    quick = keep_request(began_at=NOW, took_s=0.2)
    failed = keep_request(began_at=NOW - timedelta(minutes=2), took_s=3, fails=True)

    assert [trace_id in read(staff) for trace_id in (quick, failed)] == [True, True]
    assert [trace_id in read(staff, show="failed") for trace_id in (quick, failed)] == [False, True]
    assert [trace_id in read(staff, over_s="1.5") for trace_id in (quick, failed)] == [False, True]
    assert quick in read(staff, show="nonsense", over_s="-1", before="yesterday")
    assert failed not in read(staff, before=NOW.isoformat(), over_s="5")
    assert "outcome: answered" in read(staff, show="slowest")
    found = staff.get(ROOT, {"q": f" {quick} "})
    assert found["Location"] == f"{ROOT}{quick}/"


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_request_is_drawn_and_written_out(staff: Client, language: str) -> None:
    trace_id = keep_request(began_at=datetime.now(UTC) - timedelta(seconds=3), took_s=3, fails=True)

    page = read(staff, f"{trace_id}/", language)

    places = re.findall(r'class="waterfall-bar([^"]*)" style="left: ([^;]*); width: ([^"]*)"', page)
    assert [mark for mark, _, _ in places] == ["", "", "", " is-failed"]
    assert all(re.fullmatch(r"\d+\.\d{3}%", place) for _, *both in places for place in both)
    assert page.count('class="trace-step"') == 4
    assert "outcome: timed_out" in page
    assert f"/admin/llm/exchange/?q={trace_id}" in page
    assert page.count(f"?q={trace_id}") == 1  # updates are not for this reader


@pytest.mark.django_db
def test_nothing_is_shown_to_who_may_not_see_traces_or_of_what_is_not_there(
    staff: Client, client: Client
) -> None:
    trace_id = keep_request(began_at=NOW, took_s=1)
    assert staff.get(f"{ROOT}{new_trace_id()}/").status_code == 404
    assert staff.get(f"{ROOT}nonsense/").status_code == 404
    client.force_login(User.objects.create_user("other", password="x", is_staff=True))
    assert [client.get(path).status_code for path in (ROOT, f"{ROOT}{trace_id}/")] == [403, 403]


@pytest.mark.parametrize(
    ("duration_ms", "text"), [(0.04, "0.0 ms"), (83.14, "83.1 ms"), (1_250, "1.25 s"), (61_000, "61.0 s")]
)
def test_durations_are_written_in_the_unit_that_suits_them(duration_ms: float, text: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        assert write_duration(duration_ms) == text


@pytest.mark.django_db
def test_an_update_and_an_exchange_lead_to_their_trace(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    trace_id = new_trace_id()
    exchange = Exchange.objects.create(provider="here", purpose="reply", outcome="ok", trace_id=trace_id)
    nameless = Exchange.objects.create(provider="here", purpose="summary", outcome="ok")
    update = InboxUpdate.objects.create(update_id=1, kind="message", trace_id=trace_id)

    pages = [
        client.get(
            f"/admin/{record._meta.label_lower.replace('.', '/')}/{record.pk}/change/"
        ).content.decode()
        for record in (exchange, update, nameless)
    ]

    assert [f'href="{ROOT}{trace_id}/"' in page for page in pages] == [True, True, False]
