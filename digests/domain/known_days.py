"""For which days somebody may ask: those that something is known of, and that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings

from digests.domain.calendar import bounds_of, day_of, latest_closed_day
from digests.enums import DigestStatus
from digests.models import Channel, ChannelPost, Digest


@dataclass(frozen=True, slots=True)
class KnownDays:
    """`first` is None where nothing is known; `latest` is over; `today` is not."""

    first: date | None
    latest: date
    today: date

    def __contains__(self, day: date) -> bool:
        return self.first is not None and self.first <= day < self.today


def find_known_days(channel: Channel, *, now: datetime) -> KnownDays:
    """Return the days of a channel, in its own time zone."""
    zone = channel.time_zone
    firsts = [*_find_first_post(channel), *_find_first_digest(channel)]
    latest = latest_closed_day(now, zone=zone, hour=settings.DIGEST_HOUR)
    return KnownDays(min(firsts, default=None), latest, day_of(now, zone=zone))


def may_be_unread(channel: Channel, day: date) -> bool:
    """Tell whether a day without posts is one on which the channel may not have been read."""
    read_since = max(filter(None, (channel.switched_at, channel.added_at)), default=channel.created_at)
    start, end = bounds_of(day, zone=channel.time_zone)
    posts = ChannelPost.objects.filter(channel_id=channel.channel_id, posted_at__gte=start, posted_at__lt=end)
    return read_since >= end and not posts.exists()


def find_latest_written(channel: Channel) -> date | None:
    """Return the latest day that has a digest."""
    written = Digest.objects.filter(channel_id=channel.channel_id, status=DigestStatus.WRITTEN)
    day = written.order_by("-day").values_list("day", flat=True).first()
    return date.fromisoformat(day) if day else None


def _find_first_post(channel: Channel) -> list[date]:
    posts = ChannelPost.objects.filter(channel_id=channel.channel_id).order_by("posted_at")
    return [day_of(at, zone=channel.time_zone) for at in posts.values_list("posted_at", flat=True)[:1]]


def _find_first_digest(channel: Channel) -> list[date]:
    """Digests outlive the posts that they were made of."""
    digests = Digest.objects.filter(channel_id=channel.channel_id).order_by("day")
    return [date.fromisoformat(day) for day in digests.values_list("day", flat=True)[:1]]
