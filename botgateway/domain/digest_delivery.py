"""Digests on their way to subscribers: one text for many, by the lanes that broadcasts go out by.

    a circle is due ── written ────────▶ a broadcast of the digest
                    ── failed for good ▶ a broadcast that says so
                    ── nothing posted ─▶ passed over
                    ── not there yet ──▶ looked for again, until the next day's is due
    a channel left ─────────────────────▶ a broadcast that says so, whose filing ends the subscriptions

A circle's broadcast is filed in batches of subscriptions. Each batch is noted on these, so that what is killed between
two writes finds the rest; the copies' keys see to it that nobody gets the same digest twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from botgateway import metrics
from botgateway.domain.access import admitted_people, find_language_of
from botgateway.domain.buttons import Keyboard
from botgateway.domain.digest_messages import (
    name_channel,
    subscription_button,
    write_digest,
    write_remark,
)
from botgateway.enums import BroadcastStatus, NoticeStatus
from botgateway.models import NOTICE_TTL_S, Broadcast, Notice
from botgateway.wording.digests import DigestsPhrase as Words
from botgateway.wording.phrase import say
from digests.domain import subscriptions
from digests.domain.channels import find_by_id
from digests.domain.due import MAX_ATTEMPTS
from digests.domain.identity import identify_digest
from digests.domain.subscriptions import Circle
from digests.enums import DigestStatus
from digests.models import Channel, Digest

log = structlog.get_logger(__name__)

RUNNING = (BroadcastStatus.FILING, BroadcastStatus.SENDING)
AUTHOR = "digests"  # who has made such a broadcast, in the place of a name


@dataclass(frozen=True, slots=True)
class Batch:
    """The next subscribers of a broadcast. `people` are those who may be written to, as (user id, chat id)."""

    user_ids: tuple[str, ...]
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """What a broadcast says, read once for all its copies. Without a `day` it says goodbye."""

    channel: Channel
    day: str
    digest: Digest | None

    def write(self, notice: Notice) -> tuple[str, Keyboard]:
        """Return a copy's text, in its person's language, and its buttons."""
        language = find_language_of(notice.about_user_id)
        if not self.day:
            return say(Words.FAREWELL, language=language, channel=name_channel(self.channel)), ()
        if self.digest is None or self.digest.status == DigestStatus.FAILED:
            text = write_remark(Words.UNDELIVERED, self.channel, self.day, language)
        else:
            text = write_digest(self.digest, self.channel, language)
        day = date.fromisoformat(self.day)
        return text, ((subscription_button(self.channel, day, is_subscribed=True, language=language),),)


def begin_due(now: datetime) -> list[str]:
    """Make a broadcast for each circle whose digest is there and each channel that is lost; return their keys.

    For one worker at a time.
    """
    begun = [_begin_circle(circle, now) for circle in subscriptions.list_circles(now)]
    begun += [_begin_farewell(channel, now) for channel in subscriptions.list_left()]
    return [key for key in begun if key]


def read_batch(broadcast: Broadcast, *, limit: int) -> Batch:
    """Return the next subscribers for whom no copy is filed yet."""
    channel_id, after = broadcast.channel_id, broadcast.filed_until
    if not broadcast.day:
        user_ids = subscriptions.list_subscribers(channel_id, after=after, limit=limit)
    else:
        user_ids = subscriptions.list_waiting(
            channel_id,
            day=broadcast.day,
            hour=broadcast.hour,
            time_zone=broadcast.time_zone,
            after=after,
            limit=limit,
        )
    people = admitted_people().filter(user_id__in=user_ids).values_list("user_id", "chat_id")
    return Batch(tuple(user_ids), tuple(people))


def note_filed(broadcast: Broadcast, batch: Batch) -> None:
    """Note on the subscriptions themselves that their copies are filed; a farewell ends them."""
    if broadcast.day:
        subscriptions.note_delivered(broadcast.channel_id, batch.user_ids, day=broadcast.day)
    else:
        subscriptions.end_subscriptions(broadcast.channel_id, batch.user_ids)


def unsubscribe(user_id: str, channel_id: str) -> None:
    """End a subscription, if there is one, and call off the copy that waits for this person."""
    subscriptions.unsubscribe(user_id, channel_id)
    running = Broadcast.objects.filter(channel_id=channel_id, status__in=RUNNING).exclude(day="")
    theirs = Notice.objects.filter(about_user_id=user_id, status=NoticeStatus.PENDING, attempts=0)
    waiting = theirs.filter(broadcast_id__in=[str(broadcast.pk) for broadcast in running])
    metrics.BROADCAST_MESSAGES.labels("cancelled").inc(waiting.update(status=NoticeStatus.CANCELLED))


def build_key(broadcast: Broadcast, user_id: str) -> str:
    """Return what tells a person's copy from every other: by the digest, whichever broadcast it is of."""
    if not broadcast.day:
        return f"farewell:{broadcast.pk}:{user_id}"
    return f"digest:{identify_digest(broadcast.channel_id, date.fromisoformat(broadcast.day))}:{user_id}"


def read_letter(broadcast: Broadcast) -> Letter:
    channel = find_by_id(broadcast.channel_id) or Channel(channel_id=broadcast.channel_id)
    digest = _find_digest(channel.channel_id, broadcast.day) if broadcast.day else None
    return Letter(channel, broadcast.day, digest)


def _begin_circle(circle: Circle, now: datetime) -> str:
    digest = _find_digest(circle.channel.channel_id, circle.day.isoformat())
    if digest is not None and digest.status == DigestStatus.EMPTY:
        subscriptions.pass_over(circle)
        return ""
    if digest is None or not _is_settled(digest):
        return ""
    return _begin(
        circle.channel, now, day=circle.day.isoformat(), hour=circle.hour, time_zone=circle.time_zone
    )


def _begin_farewell(channel: Channel, now: datetime) -> str:
    return _begin(channel, now)


def _find_digest(channel_id: str, day: str) -> Digest | None:
    """Return a day's digest without the posts that it was made of, which are many."""
    return Digest.objects.filter(channel_id=channel_id, day=day).defer("raw_posts", "statements").first()


def _is_settled(digest: Digest) -> bool:
    """Tell whether there is something to be said of a day: its digest, or that there will be none."""
    return digest.status == DigestStatus.WRITTEN or digest.attempts >= MAX_ATTEMPTS


def _begin(channel: Channel, now: datetime, *, day: str = "", hour: int = 0, time_zone: str = "") -> str:
    """Make a broadcast unless one of the same kind is being filed; return its key, empty for none."""
    kind = {"channel_id": channel.channel_id, "day": day, "hour": hour, "time_zone": time_zone}
    if Broadcast.objects.filter(**kind, status=BroadcastStatus.FILING).exists():
        return ""
    made = Broadcast.objects.create(
        **kind,
        text="",
        status=BroadcastStatus.FILING,
        created_by=AUTHOR,
        created_at=now,
        started_at=now,
        expires_at=now + timedelta(seconds=NOTICE_TTL_S),
    )
    log.info("delivery of a digest begun", broadcast=str(made.pk), channel_id=channel.channel_id, day=day)
    return str(made.pk)
