"""The lanes by which copies of broadcasts go out, several at once, each by one worker at a time.

A notice whose delivery a killed worker has left open is the first that its lane looks at: as long as nobody knows
whether it was sent, the lane sends nothing else. So what may have arrived is found among the few messages since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from botgateway import metrics
from botgateway.domain.access import admitted_people
from botgateway.domain.broadcasts import LANES, RUNNING, copies_of, finish_if_done
from botgateway.domain.inbox import find_latest_message_id
from botgateway.domain.notices import find_newest_message_id
from botgateway.enums import NoticeStatus
from botgateway.models import Broadcast, Notice
from redis_connection import redis_client

BATCH_NOTICES = 200  # read at once: as many as a slice of the fastest lane sends
RECENT = timedelta(minutes=5)
KNOWN_NOTICES = 10  # of the latest sent
CALL_TTL_S = 60.0  # after which a call that did not arrive is sent again


@dataclass(frozen=True, slots=True)
class Work:
    """What a lane has to do: `notices` of a broadcast, or nothing for `pause_s`, or nothing at all."""

    broadcast: Broadcast | None = None
    notices: tuple[Notice, ...] = ()
    pause_s: float | None = None


def find_work(lane: int) -> Work:
    """Return what a lane has to do next, of the broadcast that was started first."""
    pauses = []
    for broadcast in Broadcast.objects.filter(status__in=RUNNING).order_by("started_at"):
        work = _find_work_of(broadcast, lane)
        if work.broadcast:
            return work
        if work.pause_s is None:
            finish_if_done(broadcast)
        else:
            pauses.append(work.pause_s)
    return Work(pause_s=min(pauses, default=None))


def leave_out_unless_admitted(notice: Notice) -> bool:
    """Call the notice off if its person has lost access, or is gone; return whether that was so."""
    if admitted_people().filter(user_id=notice.about_user_id).exists():
        return False
    waiting = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING)
    metrics.BROADCAST_MESSAGES.labels("left_out").inc(waiting.update(status=NoticeStatus.CANCELLED))
    return True


def put_off(notice: Notice, *, pause_s: float) -> None:
    """Leave a notice for later that nobody has begun to deliver."""
    waiting = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING, attempts=notice.attempts)
    waiting.update(due_at=timezone.now() + timedelta(seconds=pause_s))


def find_newest_known(lane: int, broadcast: Broadcast) -> int:
    """Return the id of the newest message that is known by now: what is sent next is newer. 0 if none is."""
    since = timezone.now() - RECENT
    ours = _find_sent(broadcast, [lane], since=since)
    return max([find_latest_message_id("", since=since), *ours])


def find_known_before(notice: Notice) -> int:
    """Return the id of the newest message known to be older than the notice's own."""
    return notice.known_message_id or find_newest_message_id(notice)


def find_latest_known(notice: Notice, broadcast: Broadcast) -> int:
    """Return the highest message id known, by which a copy of unknown fate has been sent if at all."""
    sent = _find_sent(broadcast, range(LANES), since=timezone.now() - RECENT)
    return max([find_latest_message_id(notice.chat_id, since=notice.created_at), *sent])


def is_call_due(lane: int, *, delay_s: float) -> bool:
    """Tell whether a lane's worker has to be called: not while a call is under way. Raises `redis.RedisError`."""
    lifetime_ms = round((delay_s + CALL_TTL_S) * 1_000)
    return bool(redis_client().set(_call_key(lane), 1, nx=True, px=lifetime_ms))


def note_call(lane: int) -> None:
    """Note that a lane's call has arrived. Raises `redis.RedisError`."""
    redis_client().delete(_call_key(lane))


def forget_calls() -> None:
    """Let every lane be called at once: what a killed worker held will not arrive. Raises `redis.RedisError`.

    A call that does arrive is one too many then, which does no harm: a lane has one worker at a time.
    """
    redis_client().delete(*map(_call_key, range(LANES)))


def _find_work_of(broadcast: Broadcast, lane: int) -> Work:
    now = timezone.now()
    waiting = copies_of(broadcast).filter(status=NoticeStatus.PENDING, lane=lane)
    unknown = waiting.filter(due_at__gt=now, attempts__gt=0).order_by("due_at").first()
    if unknown is not None:
        return Work(broadcast, pause_s=_seconds_until(unknown.due_at))
    # What somebody has tried is due latest, so it comes first.
    due = tuple(waiting.filter(due_at__lte=now).order_by("-due_at")[:BATCH_NOTICES])
    if due:
        return Work(broadcast, due)
    put_off_until = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    return Work(pause_s=_seconds_until(put_off_until) if put_off_until else None)


def _find_sent(broadcast: Broadcast, lanes: Iterable[int], *, since: datetime) -> list[int]:
    """Return the ids of a broadcast's latest messages."""
    sent = copies_of(broadcast).filter(status=NoticeStatus.SENT, lane__in=lanes, due_at__gte=since)
    latest = sent.order_by("-due_at").values_list("message_ids", flat=True)[:KNOWN_NOTICES]
    return [message_id for ids in latest for message_id in ids]


def _seconds_until(moment: datetime) -> float:
    return max(0.0, (moment - timezone.now()).total_seconds())


def _call_key(lane: int) -> str:
    return f"broadcast-call:{lane}"
