"""Broadcasts: one text of the staff's for everybody whom Butler may write to, or a digest for its subscribers.

    draft ──start──▶ filing ──▶ sending ──▶ done
                       └─────cancel┴──────▶ cancelled

While one is filed, each person gets a notice that names it: the key says for whom, so that nobody gets two. The notices
go out by `LANES` lanes at once (`domain.broadcast_lanes`).

Nothing here is ever lost: who goes on after a crash finds what is left to do in the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import structlog
from django.conf import settings
from django.db.models import Count, F, QuerySet
from django.utils import timezone

from botgateway import metrics
from botgateway.domain import digest_delivery
from botgateway.domain.access import admitted_people
from botgateway.domain.access_notices import stamp
from botgateway.domain.buttons import Keyboard
from botgateway.domain.digest_delivery import Batch
from botgateway.domain.notices import file_notice
from botgateway.enums import BroadcastStatus, NoticeStatus
from botgateway.models import Broadcast, Notice

log = structlog.get_logger(__name__)

WriteCopy = Callable[[Notice], tuple[str, Keyboard]]

# Calls of Telegram's under way at once: at a sixth of a second each they make the rate that broadcasts have. More would
# only take threads from answers.
LANES = 4
BATCH_PEOPLE = 500  # filed, or called off, by one write
RUNNING = (BroadcastStatus.FILING, BroadcastStatus.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Copies by what became of them. `left_out`: their people had lost access, or the broadcast was cancelled."""

    filed: int
    sent: int
    failed: int
    left_out: int

    @property
    def waiting(self) -> int:
        return max(0, self.filed - self.over)

    @property
    def over(self) -> int:
        return self.sent + self.failed + self.left_out


def count_people() -> int:
    """Count those who would get a broadcast that is started now."""
    return admitted_people().count()


def revise_draft(broadcast_id: str, text: str) -> bool:
    """Give a draft another text; False if it is no draft any more."""
    return bool(_find(broadcast_id).filter(status=BroadcastStatus.DRAFT).update(text=text))


def has_admins() -> bool:
    """Tell whether there is a chat in which a draft can be shown."""
    return bool(settings.ADMIN_CHAT_IDS)


def show_to_admins(broadcast: Broadcast) -> tuple[str, ...]:
    """File a draft as it stands for the admins' chats, however often that is asked for; return the chats."""
    chats = tuple(map(str, settings.ADMIN_CHAT_IDS))
    for chat_id in chats:
        key = f"broadcast-draft:{broadcast.pk}:{stamp(timezone.now())}:{chat_id}"
        file_notice(key=key, chat_id=chat_id, text=broadcast.text)
    return chats


def start(broadcast_id: str, *, text: str) -> bool:
    """Begin to send a draft that reads `text`, as whoever decided so has seen it; False if it does not, or is none."""
    draft = _find(broadcast_id).filter(status=BroadcastStatus.DRAFT, text=text)
    is_started = draft.update(status=BroadcastStatus.FILING, started_at=timezone.now())
    if is_started:
        log.info("broadcast started", broadcast=broadcast_id)
    return bool(is_started)


def cancel(broadcast_id: str) -> bool:
    """Stop a broadcast under way: what is sent is sent, nothing more is. False if it is not under way."""
    is_cancelled = _find(broadcast_id).filter(status__in=RUNNING).update(status=BroadcastStatus.CANCELLED)
    if is_cancelled:
        log.info("broadcast cancelled", broadcast=broadcast_id)
    return bool(is_cancelled)


def read_progress(broadcast: Broadcast) -> Progress:
    """Count a broadcast's copies; of one that is over they are known."""
    if broadcast.finished_at:
        counted = {name: getattr(broadcast, name) for name in ("sent", "failed", "left_out")}
    else:
        counted = _count_copies(broadcast)
    return Progress(filed=broadcast.filed, **counted)


def open_copies(broadcast: Broadcast) -> WriteCopy:
    """Return what writes a broadcast's copies: each one's text, and its buttons."""
    if broadcast.channel_id:
        return digest_delivery.read_letter(broadcast).write
    return lambda _: (broadcast.text, ())


def is_any_running() -> bool:
    return Broadcast.objects.filter(status__in=RUNNING).exists()


def list_unfinished() -> list[str]:
    """Return the broadcasts whose notices have yet to be filed, or to be called off."""
    unfiled = Broadcast.objects.filter(status=BroadcastStatus.FILING)
    uncancelled = Broadcast.objects.filter(status=BroadcastStatus.CANCELLED, finished_at__isnull=True)
    return [str(pk) for found in (unfiled, uncancelled) for pk in found.values_list("pk", flat=True)]


def go_on(broadcast_id: str) -> bool:
    """File or call off the next `BATCH_PEOPLE` notices; False if that was all for now. For one worker at a time."""
    broadcast = _find(broadcast_id).first()
    if broadcast is None:
        return False
    if broadcast.status == BroadcastStatus.FILING:
        return _file_batch(broadcast)
    is_cancelled = broadcast.status == BroadcastStatus.CANCELLED and broadcast.finished_at is None
    return is_cancelled and _cancel_batch(broadcast)


def is_running(broadcast: Broadcast) -> bool:
    """Tell whether it is still to be sent: it may have been cancelled since it was read."""
    return _find(str(broadcast.pk)).filter(status__in=RUNNING).exists()


def copies_of(broadcast: Broadcast) -> QuerySet[Notice]:
    return Notice.objects.filter(broadcast_id=str(broadcast.pk))


def finish_if_done(broadcast: Broadcast) -> None:
    """Note that a broadcast is over if all of it is filed and none waits."""
    is_filed = _find(str(broadcast.pk)).filter(status=BroadcastStatus.SENDING).exists()
    if is_filed and not copies_of(broadcast).filter(status=NoticeStatus.PENDING).exists():
        _finish(broadcast, BroadcastStatus.DONE)


def _find(broadcast_id: str) -> QuerySet[Broadcast]:
    return Broadcast.objects.filter(pk=broadcast_id)


def _file_batch(broadcast: Broadcast) -> bool:
    batch = _read_batch(broadcast)
    copies = [_build_copy(broadcast, user_id, chat_id) for user_id, chat_id in batch.people]
    keys = [copy.key for copy in copies]
    known = set(Notice.objects.filter(key__in=keys).values_list("key", flat=True))  # filed before a crash
    Notice.objects.bulk_create([copy for copy in copies if copy.key not in known])
    if broadcast.channel_id:
        digest_delivery.note_filed(broadcast, batch)
    is_all = len(batch.user_ids) < BATCH_PEOPLE
    ours = _find(str(broadcast.pk)).filter(status=BroadcastStatus.FILING, filed_until=broadcast.filed_until)
    ours.update(
        filed=F("filed") + len(batch.people),
        filed_until=batch.user_ids[-1] if batch.user_ids else broadcast.filed_until,
        status=BroadcastStatus.SENDING if is_all else BroadcastStatus.FILING,
    )
    return not is_all or not is_running(broadcast)  # cancelled meanwhile, there is something to call off


def _read_batch(broadcast: Broadcast) -> Batch:
    if broadcast.channel_id:
        return digest_delivery.read_batch(broadcast, limit=BATCH_PEOPLE)
    people = admitted_people().filter(user_id__gt=broadcast.filed_until).order_by("user_id")
    found = tuple(people.values_list("user_id", "chat_id")[:BATCH_PEOPLE])
    return Batch(tuple(user_id for user_id, _ in found), found)


def _build_copy(broadcast: Broadcast, user_id: str, chat_id: str) -> Notice:
    """Due since the broadcast began: later than that only what somebody has tried to deliver."""
    return Notice(
        key=digest_delivery.build_key(broadcast, user_id)
        if broadcast.channel_id
        else f"broadcast:{broadcast.pk}:{user_id}",
        chat_id=chat_id,
        about_user_id=user_id,
        broadcast_id=str(broadcast.pk),
        lane=crc32(user_id.encode()) % LANES,
        due_at=broadcast.started_at or broadcast.created_at,
    )


def _cancel_batch(broadcast: Broadcast) -> bool:
    waiting = copies_of(broadcast).filter(status=NoticeStatus.PENDING)
    batch = list(waiting.values_list("pk", flat=True)[:BATCH_PEOPLE])
    cancelled = Notice.objects.filter(pk__in=batch, status=NoticeStatus.PENDING)
    metrics.BROADCAST_MESSAGES.labels("cancelled").inc(cancelled.update(status=NoticeStatus.CANCELLED))
    if not batch and not _is_any_under_way(broadcast):
        _finish(broadcast, BroadcastStatus.CANCELLED)
    return bool(batch)


def _is_any_under_way(broadcast: Broadcast) -> bool:
    """Tell whether what has just been called off may be at Telegram at this moment, and turn out to be sent."""
    begun = copies_of(broadcast).filter(status=NoticeStatus.CANCELLED, lane__in=range(LANES))
    return begun.filter(due_at__gt=timezone.now(), attempts__gt=0).exists()


def _finish(broadcast: Broadcast, status: BroadcastStatus) -> None:
    before = BroadcastStatus.SENDING if status is BroadcastStatus.DONE else status
    unfinished = _find(str(broadcast.pk)).filter(status=before, finished_at__isnull=True)
    counted = _count_copies(broadcast)  # those of people who were forgotten meanwhile are gone
    if unfinished.update(status=status, finished_at=timezone.now(), filed=sum(counted.values()), **counted):
        log.info("broadcast finished", broadcast=str(broadcast.pk), status=status.value)


def _count_copies(broadcast: Broadcast) -> dict[str, int]:
    rows = copies_of(broadcast).values("status").annotate(number=Count("pk"))
    found: dict[str, int] = dict(rows.values_list("status", "number"))
    return {
        "sent": found.get(NoticeStatus.SENT, 0),
        "failed": found.get(NoticeStatus.FAILED, 0),
        "left_out": found.get(NoticeStatus.CANCELLED, 0),
    }
