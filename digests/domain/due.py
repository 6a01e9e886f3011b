"""Which days want a digest: those that are over, of channels that are read, as long as an attempt is worth it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zlib import crc32

from django.conf import settings

from digests.domain.calendar import DAY, bounds_of, latest_closed_day
from digests.domain.writing import FINAL
from digests.enums import ChannelState, DigestStatus, ReviewStatus
from digests.models import Channel, Digest, ReviewReport
from llm.route import Candidate

CATCH_UP_DAYS = 3  # after an outage; what is older is written when somebody asks for it
MAX_ATTEMPTS = 6
FIRST_PAUSE = timedelta(minutes=5)  # after a failure, doubled each time: 2.6 hours in all
REVIEW_PAUSE = timedelta(minutes=30)  # after a reviewer gave no answer; nobody waits for its verdict


@dataclass(frozen=True, slots=True)
class DueDay:
    channel: Channel
    day: date


def list_due_days(now: datetime, *, lane: int = 0, lanes: int = 1) -> Iterator[DueDay]:
    """Yield what is to be written now, oldest days first, of the channels that a lane sees to."""
    channels = [
        channel
        for channel in Channel.objects.filter(state=ChannelState.ON)
        if _lane_of(channel.channel_id, lanes) == lane
    ]
    wanted = [due for channel in channels for due in _list_closed_days(channel, now)]
    settled = _find_settled({due.day for due in wanted}, now)
    open_days = [due for due in wanted if (due.channel.channel_id, due.day.isoformat()) not in settled]
    yield from sorted(dict.fromkeys([*open_days, *_list_asked_anew(lane, lanes)]), key=lambda due: due.day)


def ask_anew(digest_ids: Iterable[UUID]) -> int:
    """Have failed digests written anew, once at least, however old and often tried; return how many have failed."""
    failed = Digest.objects.filter(digest_id__in=list(digest_ids), status=DigestStatus.FAILED)
    return failed.update(attempts=0)


def _list_asked_anew(lane: int, lanes: int) -> Iterator[DueDay]:
    """Yield the failed digests whose attempts somebody has set back, of channels that are read or not."""
    asked = Digest.objects.filter(status=DigestStatus.FAILED, attempts=0).values_list("channel_id", "day")
    days = [(channel_id, day) for channel_id, day in asked if _lane_of(channel_id, lanes) == lane]
    channels = Channel.objects.filter(channel_id__in=[channel_id for channel_id, _ in days])
    known = {channel.channel_id: channel for channel in channels}
    yield from (
        DueDay(known[channel_id], date.fromisoformat(day)) for channel_id, day in days if channel_id in known
    )


def _list_closed_days(channel: Channel, now: datetime) -> Iterator[DueDay]:
    """Yield the last days that are over and ended after the channel was switched on, and the bot let in."""
    latest = latest_closed_day(now, zone=channel.time_zone, hour=settings.DIGEST_HOUR)
    read_since = max(filter(None, (channel.switched_at, channel.added_at)), default=channel.created_at)
    for back in range(CATCH_UP_DAYS):
        day = latest - back * DAY
        if read_since < bounds_of(day, zone=channel.time_zone)[1]:
            yield DueDay(channel, day)


def _find_settled(days: set[date], now: datetime) -> set[tuple[str, str]]:
    """Return, by channel and day, what is written or not worth another attempt yet."""
    if not days:
        return set()
    known = Digest.objects.filter(
        day__gte=min(days).isoformat(), day__lte=max(days).isoformat(), status__in=DigestStatus.values
    )
    rows = known.values_list("channel_id", "day", "status", "attempts", "updated_at")
    return {
        (channel_id, day)
        for channel_id, day, status, attempts, updated_at in rows
        if status in FINAL or attempts >= MAX_ATTEMPTS or updated_at + _pause_after(attempts) > now
    }


def _pause_after(attempts: int) -> timedelta:
    return FIRST_PAUSE * int(2 ** (attempts - 1)) if attempts else timedelta()


def list_unreviewed(now: datetime, reviewer: Candidate, *, lane: int = 0, lanes: int = 1) -> Iterator[Digest]:
    """Yield the digests of the last days that this reviewer has yet to see, or gave no answer about some time ago.

    Each is read when its turn comes: with their posts, those of all channels are more than a worker can hold.
    """
    since = now - CATCH_UP_DAYS * DAY
    written = Digest.objects.filter(status=DigestStatus.WRITTEN, created_at__gte=since, is_synthetic=False)
    rows = written.order_by("created_at").values_list("pk", "digest_id", "channel_id")
    ours = [(pk, digest_id) for pk, digest_id, channel_id in rows if _lane_of(channel_id, lanes) == lane]
    reports = ReviewReport.objects.filter(
        digest_id__in=[digest_id for _, digest_id in ours],
        provider=reviewer.provider.name,
        model=reviewer.model_name,
    )
    settled = {
        digest_id
        for digest_id, status, created_at in reports.values_list("digest_id", "status", "created_at")
        if status != ReviewStatus.FAILED or created_at + REVIEW_PAUSE > now
    }
    for pk, digest_id in ours:
        if digest_id not in settled and (digest := Digest.objects.filter(pk=pk).first()):
            yield digest


def _lane_of(channel_id: str, lanes: int) -> int:
    return crc32(channel_id.encode()) % lanes
