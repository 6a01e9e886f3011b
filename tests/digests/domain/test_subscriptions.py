from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from digests.domain import subscriptions
from digests.domain.subscriptions import Circle, find_due_day, list_circles, subscribe
from digests.enums import ChannelState
from digests.models import Channel, Subscription
from tests.factories.digests import ChannelFactory

MOSCOW, VLADIVOSTOK = "Europe/Moscow", "Asia/Vladivostok"
NOON = datetime(2026, 3, 11, 9, tzinfo=UTC)  # in Moscow
YESTERDAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.TIME_ZONE, settings.DIGEST_DELIVERY_HOUR = MOSCOW, 9


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory.create(channel_id="-1002000000001")


def waiting(circle: Circle, *, after: str = "", limit: int = 10) -> list[str]:
    return subscriptions.list_waiting(
        circle.channel.channel_id,
        day=circle.day.isoformat(),
        hour=circle.hour,
        time_zone=circle.time_zone,
        after=after,
        limit=limit,
    )


@pytest.mark.parametrize(
    ("now", "hour", "channel_zone", "expected"),
    [
        ("2026-03-11T09:00+03:00", 9, MOSCOW, "2026-03-10"),
        ("2026-03-11T08:59+03:00", 9, MOSCOW, "2026-03-09"),
        ("2026-03-11T00:00+03:00", 0, MOSCOW, "2026-03-10"),
        ("2026-03-11T23:59+03:00", 23, MOSCOW, "2026-03-10"),
        # At eight in the evening the eleventh has been over for three hours in the far east.
        ("2026-03-11T20:00+03:00", 20, VLADIVOSTOK, "2026-03-11"),
        ("2026-03-11T19:59+03:00", 20, VLADIVOSTOK, "2026-03-10"),
        ("2026-03-11T09:00+03:00", 9, "America/New_York", "2026-03-10"),
        ("2026-03-11T02:00+03:00", 2, "America/New_York", "2026-03-09"),
    ],
)
def test_the_day_that_is_due_was_over_when_the_hour_came(
    now: str, hour: int, channel_zone: str, expected: str
) -> None:
    due = find_due_day(datetime.fromisoformat(now), hour=hour, zone=MOSCOW, channel_zone=channel_zone)

    assert due.isoformat() == expected


def test_an_hour_that_the_clock_leaps_over_comes_with_the_next() -> None:
    leap = datetime(2026, 3, 29, 1, tzinfo=UTC)  # in Berlin from 01:59 to 03:00

    due = find_due_day(leap, hour=2, zone="Europe/Berlin", channel_zone="Europe/Berlin")

    assert due == date(2026, 3, 28)


@pytest.mark.django_db
def test_subscribing_again_changes_nothing_and_another_hour_begins_anew(channel: Channel) -> None:
    first = subscribe("1", channel, now=NOON)
    again = subscribe("1", channel, now=NOON + timedelta(days=1))
    later = subscribe("1", channel, now=NOON, hour=18)
    kept = subscribe("1", channel, now=NOON)

    assert (first.is_new, first.subscription.hour, first.subscription.delivered_day) == (
        True,
        9,
        "2026-03-10",
    )
    assert (again.is_new, again.is_changed, again.subscription.delivered_day) == (False, False, "2026-03-10")
    assert (later.is_changed, later.subscription.hour, later.subscription.delivered_day) == (
        True,
        18,
        "2026-03-09",  # at six in the evening, the tenth's
    )
    assert (kept.is_changed, kept.subscription.hour) == (False, 18)
    assert Subscription.objects.count() == 1
    assert (subscriptions.unsubscribe("1", channel.channel_id), Subscription.objects.count()) == (True, 0)
    assert not subscriptions.unsubscribe("1", channel.channel_id)


@pytest.mark.django_db
def test_a_circle_is_due_when_its_hour_comes_and_until_it_has_had_the_day(channel: Channel) -> None:
    switched_off = ChannelFactory.create(state=ChannelState.OFF)
    day_before = NOON - timedelta(days=1)
    for number in range(1, 6):
        subscribe(str(number), channel, now=day_before)
    subscribe("6", channel, now=NOON - timedelta(hours=20), hour=13)
    subscribe("7", switched_off, now=day_before)
    assert list(list_circles(NOON - timedelta(hours=4))) == []  # eight in the morning

    (circle,) = list_circles(NOON)

    assert (circle.channel, circle.day, circle.hour) == (channel, YESTERDAY, 9)
    assert waiting(circle, limit=3) == ["1", "2", "3"]
    assert waiting(circle, after="3") == ["4", "5"]
    subscriptions.note_delivered(channel.channel_id, ["1", "2", "3"], day="2026-03-10")
    assert waiting(circle) == ["4", "5"]
    subscribe("8", channel, now=NOON)  # has the next day's first
    assert list(list_circles(NOON)) == [circle]
    subscriptions.pass_over(circle)
    assert list(list_circles(NOON)) == []
    assert [due.hour for due in list_circles(NOON + timedelta(hours=1))] == [13]


@pytest.mark.django_db
def test_a_channel_that_threw_the_bot_out_is_left_to_be_told_of_while_it_has_subscribers(
    channel: Channel,
) -> None:
    ChannelFactory.create(state=ChannelState.LEFT)
    subscribe("1", channel, now=NOON)
    subscribe("2", channel, now=NOON)
    assert subscriptions.list_left() == []
    Channel.objects.filter(pk=channel.pk).update(state=ChannelState.LEFT)

    assert subscriptions.list_left() == [channel]
    assert subscriptions.list_subscribers(channel.channel_id, after="1", limit=5) == ["2"]
    subscriptions.end_subscriptions(channel.channel_id, ["1", "2"])
    assert subscriptions.list_left() == []


@pytest.mark.django_db
def test_ones_own_subscriptions_are_listed_described_and_forgotten(channel: Channel) -> None:
    other = ChannelFactory.create(title="Афиша", state=ChannelState.OFF)
    subscribe("1", channel, now=NOON)
    subscribe("1", other, now=NOON, hour=0)
    subscribe("2", other, now=NOON)

    assert [(found.hour, where) for found, where in subscriptions.list_subscriptions("1")] == [
        (0, other),
        (9, channel),
    ]
    assert subscriptions.describe_subscriptions("1")[0] == {
        "channel": "Афиша",
        "channel_id": other.channel_id,
        "hour": 0,
        "time_zone": MOSCOW,
        "created_at": NOON,
    }
    subscriptions.forget_subscriptions("1")
    assert list(Subscription.objects.values_list("user_id", flat=True)) == ["2"]
