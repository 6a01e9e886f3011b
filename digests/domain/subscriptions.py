"""Subscriptions: who wants the digests of which channel, at which hour, and up to which day they have had them.

A day's digest is due to a subscriber from the first time that their hour comes after the day is over in the channel's
time zone, until the next day's is. Who subscribes, or names another hour, is given the first one when it comes next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Min, QuerySet

from digests.domain.calendar import DAY, day_of, read_zone
from digests.enums import ChannelState
from digests.models import Channel, Subscription

HOURS = range(24)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription as it stands now; `is_new` if there was none, `is_changed` if it has another hour by this call."""

    subscription: Subscription
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Circle:
    """Subscribers of a channel who are to have a day's digest, all at the same hour of the same time zone."""

    channel: Channel
    day: date
    hour: int
    time_zone: str


def subscribe(user_id: str, channel: Channel, *, now: datetime, hour: int | None = None) -> Subscribed:
    """Subscribe somebody at an hour of `TIME_ZONE`; unless they name one, at that which they have or the house's."""
    known = find_subscription(user_id, channel.channel_id)
    if known is not None and (hour is None or (hour, settings.TIME_ZONE) == (known.hour, known.time_zone)):
        return Subscribed(known)
    if hour is None:
        hour = settings.DIGEST_DELIVERY_HOUR
    zone = settings.TIME_ZONE
    due = find_due_day(now, hour=hour, zone=zone, channel_zone=channel.time_zone)
    fields = {"hour": hour, "time_zone": zone, "delivered_day": due.isoformat()}
    if known is not None:
        Subscription.objects.filter(pk=known.pk).update(**fields)
        known.refresh_from_db()
        return Subscribed(known, is_changed=True)
    try:
        made = Subscription.objects.create(
            user_id=user_id, channel_id=channel.channel_id, created_at=now, **fields
        )
    except IntegrityError:  # two presses at once
        return subscribe(user_id, channel, now=now, hour=hour)
    return Subscribed(made, is_new=True)


def unsubscribe(user_id: str, channel_id: str) -> bool:
    """End a subscription; False if there is none."""
    deleted, _ = Subscription.objects.filter(user_id=user_id, channel_id=channel_id).delete()
    return bool(deleted)


def find_subscription(user_id: str, channel_id: str) -> Subscription | None:
    return Subscription.objects.filter(user_id=user_id, channel_id=channel_id).first()


def list_subscriptions(user_id: str) -> list[tuple[Subscription, Channel]]:
    """Return what somebody is subscribed to, by the channels' titles."""
    found = {found.channel_id: found for found in Subscription.objects.filter(user_id=user_id)}
    channels = Channel.objects.filter(channel_id__in=list(found))
    pairs = [(found[channel.channel_id], channel) for channel in channels]
    return sorted(pairs, key=lambda pair: (pair[1].title, pair[1].channel_id))


def describe_subscriptions(user_id: str) -> list[dict[str, Any]]:
    """Return somebody's subscriptions as their export has them."""
    return [
        {
            "channel": channel.title,
            "channel_id": channel.channel_id,
            "hour": found.hour,
            "time_zone": found.time_zone,
            "created_at": found.created_at,
        }
        for found, channel in list_subscriptions(user_id)
    ]


def forget_subscriptions(user_id: str) -> None:
    Subscription.objects.filter(user_id=user_id).delete()


def find_due_day(now: datetime, *, hour: int, zone: str, channel_zone: str) -> date:
    """Return the day that was the last to be over, in the channel's time zone, when the hour came in `zone`."""
    local = now.astimezone(read_zone(zone))
    came_on = local.date() - (0 * DAY if local.hour >= hour else DAY)
    came_at = datetime.combine(came_on, time(hour), read_zone(zone))
    return day_of(came_at, zone=channel_zone) - DAY


def list_circles(now: datetime) -> Iterator[Circle]:
    """Yield who of the channels that are read is to have a digest, whether it is written or not."""
    groups = Subscription.objects.values("channel_id", "hour", "time_zone").annotate(
        oldest=Min("delivered_day")
    )
    channels = {channel.channel_id: channel for channel in Channel.objects.filter(state=ChannelState.ON)}
    for group in groups:
        channel = channels.get(group["channel_id"])
        if channel is None:
            continue
        hour, zone = group["hour"], group["time_zone"]
        day = find_due_day(now, hour=hour, zone=zone, channel_zone=channel.time_zone)
        if group["oldest"] < day.isoformat():
            yield Circle(channel, day, hour, zone)


def list_left() -> list[Channel]:
    """Return the channels that have thrown the bot out and still have subscribers."""
    left = {channel.channel_id: channel for channel in Channel.objects.filter(state=ChannelState.LEFT)}
    subscribed = Subscription.objects.filter(channel_id__in=list(left)).values_list("channel_id", flat=True)
    return [left[channel_id] for channel_id in sorted(set(subscribed))]


def list_waiting(
    channel_id: str, *, day: str, hour: int, time_zone: str, after: str, limit: int
) -> list[str]:
    """Return the next people of a circle, by their ids, who have not had the day's digest."""
    waiting = _circle(channel_id, day=day, hour=hour, time_zone=time_zone)
    people = waiting.filter(user_id__gt=after).order_by("user_id")
    return list(people.values_list("user_id", flat=True)[:limit])


def list_subscribers(channel_id: str, *, after: str, limit: int) -> list[str]:
    people = Subscription.objects.filter(channel_id=channel_id, user_id__gt=after).order_by("user_id")
    return list(people.values_list("user_id", flat=True)[:limit])


def note_delivered(channel_id: str, user_ids: Collection[str], *, day: str) -> None:
    """Note that people have had a day's digest."""
    theirs = Subscription.objects.filter(channel_id=channel_id, user_id__in=list(user_ids))
    theirs.filter(delivered_day__lt=day).update(delivered_day=day)


def pass_over(circle: Circle) -> None:
    """Note of a whole circle that there is nothing to deliver of the day."""
    day = circle.day.isoformat()
    waiting = _circle(circle.channel.channel_id, day=day, hour=circle.hour, time_zone=circle.time_zone)
    waiting.update(delivered_day=day)


def end_subscriptions(channel_id: str, user_ids: Collection[str]) -> None:
    Subscription.objects.filter(channel_id=channel_id, user_id__in=list(user_ids)).delete()


def _circle(channel_id: str, *, day: str, hour: int, time_zone: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        channel_id=channel_id, hour=hour, time_zone=time_zone, delivered_day__lt=day
    )
