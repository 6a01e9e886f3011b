"""The first page of the admin shows the house in figures to those who may see them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from observability.dashboard.build import build_dashboard
from observability.dashboard.drawing import HEIGHT, draw_bars, draw_line, find_top
from observability.dashboard.periods import PERIODS, find_period, list_steps, share_out
from observability.dashboard.series import PLOTS, latest, typical, worst
from observability.figures import HOUR, begin_hour
from observability.models import HourlyFigures

NOW = datetime(2026, 3, 5, 14, 20, tzinfo=UTC)
DAY, WEEK, MONTH = PERIODS
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/Santiago", "Pacific/Apia")]
)
TIMES = st.datetimes(datetime(2011, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def figures(hour: datetime, **fields: Any) -> HourlyFigures:
    return HourlyFigures.objects.create(hour=begin_hour(hour), **fields)


# --- Time -----------------------------------------------------------------------------------------------------


@given(now=TIMES, zone=ZONES, period=st.sampled_from(PERIODS))
def test_every_hour_of_the_period_has_its_step(now: datetime, zone: ZoneInfo, period: Any) -> None:
    begins = [step.astimezone(UTC) for step in list_steps(period, now=now, zone=zone)]
    hours = [begin_hour(now) - back * HOUR for back in range(24 * 40)]

    buckets = share_out(({"hour": hour} for hour in hours), period, now=now, zone=zone)

    assert [bucket.begins_at.astimezone(UTC) for bucket in buckets] == begins == sorted(set(begins))
    shown = [row["hour"] for bucket in buckets for row in bucket.rows]
    whole = {hour for hour in hours if hour >= begins[0] + HOUR}
    assert len(shown) == len(set(shown))
    assert whole <= set(shown)
    assert begins[0] <= now < begins[-1] + timedelta(hours=period.step_hours + 2)


def test_steps_of_a_day_keep_to_midnight_when_clocks_change() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = at("2026-03-30 12:00", "Europe/Berlin")  # the night of the 29th had an hour less

    steps = list_steps(MONTH, now=now, zone=zone)

    assert {step.hour for step in steps} == {0}
    assert steps[-1] == at("2026-03-30 00:00", "Europe/Berlin")
    assert steps[-1].astimezone(UTC) - steps[-2].astimezone(UTC) == 23 * HOUR


@pytest.mark.parametrize("now", ["2011-12-31 02:00", "2011-12-31 14:00", "2012-01-01 14:00"])
@pytest.mark.parametrize("period", PERIODS, ids=lambda period: str(period.key))
def test_a_day_that_a_zone_left_out_has_no_steps(period: Any, now: str) -> None:
    zone = ZoneInfo("Pacific/Apia")  # went from 29 December 2011 straight to the 31st

    steps = list_steps(period, now=at(now, "Pacific/Apia"), zone=zone)

    assert len(steps) == period.steps
    assert [step.astimezone(UTC) for step in steps] == sorted({step.astimezone(UTC) for step in steps})
    assert not [step for step in steps if (step.month, step.day) == (12, 30)]
    assert steps[-1] <= at(now, "Pacific/Apia")


def test_an_unknown_period_is_the_shortest() -> None:
    assert [find_period(key) for key in ("30d", "", "<b>")] == [MONTH, DAY, DAY]


# --- Values ---------------------------------------------------------------------------------------------------


def test_percentiles_of_several_hours_are_those_of_the_usual_and_of_the_worst() -> None:
    rows = [
        {"latencies_ms": [9_000.0, 9_500.0], "messages": 1},
        {"latencies_ms": [1_000.0, 2_000.0], "messages": 50},
        {"latencies_ms": [2_000.0, 4_000.0], "messages": 30},
        {"latencies_ms": [], "messages": 0},
    ]

    assert typical("latencies_ms", weight="messages")(rows) == 1.0
    assert worst("latencies_ms")(rows) == 9.5
    assert typical("latencies_ms", weight="messages")([]) is worst("latencies_ms")(rows[3:]) is None


def test_the_latest_value_passes_over_hours_in_which_nobody_looked() -> None:
    assert latest("people")([{"people": 3}, {"people": 5}, {"people": None}]) == 5
    assert latest("people")([{"people": None}]) is None


def test_every_series_is_read_from_what_an_hour_has() -> None:
    hour = HourlyFigures(
        hour=NOW,
        latencies_ms=[1.0, 2.0],
        first_tokens_ms=[1.0, 2.0],
        messages=1,
        exchanges=1,
        people=1,
        approved_people=1,
        memory_events=1,
    )

    assert [series.read([vars(hour)]) is None for plot in PLOTS for series in plot.series] == [False] * 16


# --- Drawing --------------------------------------------------------------------------------------------------


@given(st.lists(st.none() | st.floats(0, 1e12), max_size=40), st.booleans())
def test_nothing_is_drawn_outside_the_box(values: list[float | None], is_whole: bool) -> None:
    top = find_top(values, is_whole=is_whole)
    drawn = draw_line(values, top=top) + draw_bars(values, base=[0.0] * len(values), top=top)

    heights = re.findall(r"[ML]\S+? ([\d.e+-]+)|V([\d.e+-]+)", drawn)
    assert all(0 <= float(one or other) <= HEIGHT for one, other in heights)
    assert top >= max((value for value in values if value is not None), default=0)


def test_tops_are_round() -> None:
    highest = [0.0, 0.3, 1.0, 7.0, 120.0, 5_001.0]

    assert [find_top([value], is_whole=False) for value in highest] == [
        0.001,
        0.5,
        1.0,
        10.0,
        200.0,
        10_000.0,
    ]
    assert find_top([None], is_whole=True) == 1.0


def test_a_curve_has_gaps_and_dots_where_values_are_missing() -> None:
    assert draw_line([1.0, 0.0, None, 0.5], top=1.0) == "M5 0h0L15 100M35 50h0"


def test_bars_stand_on_each_other() -> None:
    assert draw_bars([1.0, None, 2.0], base=[1.0, 5.0, 0.0], top=4.0) == "M1 75V50h8V75zM21 100V50h8V100z"


# --- The page -------------------------------------------------------------------------------------------------


def log_in(client: Client, *codenames: str) -> Client:
    user = User.objects.create_user("looker", password="x", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


def read(client: Client, **query: str) -> str:
    return client.get("/admin/", query).content.decode()


@pytest.mark.django_db
def test_figures_are_for_those_who_may_see_them(client: Client) -> None:
    figures(timezone.now(), messages=7)
    without = read(log_in(client, "view_person"))
    assert 'id="figures"' not in without
    assert "/admin/botgateway/person/" in without

    user = User.objects.get()
    user.user_permissions.add(Permission.objects.get(codename="view_hourlyfigures"))
    client.force_login(User.objects.get())
    page = read(client)
    assert page.count('<svg role="img"') == page.count("<desc") == len(PLOTS)
    assert "/admin/botgateway/person/" in page


@pytest.mark.django_db
def test_a_first_run_is_told_where_figures_come_from(client: Client) -> None:
    page = read(log_in(client, "view_hourlyfigures"))

    assert "figures-empty" in page
    assert '<svg role="img"' not in page


@pytest.mark.django_db
def test_the_period_is_chosen_by_a_link(client: Client) -> None:
    now = timezone.now()
    for days, messages in ((0, 5), (2, 70), (20, 900)):
        figures(now - timedelta(days=days), messages=messages)
    log_in(client, "view_hourlyfigures")

    shown = [
        re.findall(r"Сообщения.*?<b>(.+?)</b>|Messages.*?<b>(.+?)</b>", read(client, figures=key), re.S)[0]
        for key in ("24h", "7d", "30d")
    ]

    assert ["".join(one) for one in shown] == ["5", "75", "975"]
    assert 'href="?figures=7d" aria-current="true"' in read(client, figures="7d")


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["ru", "en"])
def test_what_is_drawn_is_also_told_and_tabulated(language: str) -> None:
    figures(NOW - HOUR, messages=1_200, errors=1, failed_exchanges=2, latencies_ms=[420.0, 12_345.0])
    figures(
        NOW,
        messages=34,
        people=3,
        approved_people=2,
        compressions={"ok": 4, "rejected": 1, "nothing": 9},
        digests={"written": 5, "empty": 2},
    )

    with translation.override(language):
        dashboard = build_dashboard("24h", now=NOW)

    plots = {plot.key: plot for plot in dashboard.plots}
    told = {key: [series.shown.replace("\xa0", " ") for series in plot.series] for key, plot in plots.items()}
    number = {"ru": ("1 234", "0,42"), "en": ("1,234", "0.42")}[language]
    assert told["messages"] == [number[0]]
    assert told["errors"] == ["1", "2"]
    assert told["latency"][0].startswith(number[1])
    assert told["first-token"] == ["—", "—"]
    assert told["compressions"] == ["4", "1"]
    assert told["digests"] == ["5", "0"]
    assert told["people"] == ["3", "2"]
    assert plots["messages"].description.replace("\xa0", " ").endswith(f"{number[0]}.")
    assert plots["messages"].top.replace("\xa0", " ").replace(",", " ") == "2 000"
    assert [len(row.cells) for row in dashboard.rows] == [16, 16]
    assert dashboard.rows[0].cells[0] == "34"


@pytest.mark.django_db
def test_figures_that_have_grown_old_are_said_to_be_old() -> None:
    figures(NOW, computed_at=NOW)

    assert build_dashboard(now=NOW + timedelta(minutes=14)).overdue == ""
    assert build_dashboard(now=NOW + timedelta(minutes=16)).overdue != ""
