"""The durable inbox: every update is stored once before it is acknowledged, and answered in order of arrival.

`update_id` identifies an update and nothing more: its numbers are no sequence, they start again at random after a
quiet week. Order is the order of arrival; Telegram delivers the updates of one chat one at a time.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F, Min, Q
from django.utils import timezone

import tracing
from botgateway import metrics
from botgateway.domain.channel_updates import read_channel_update
from botgateway.domain.updates import IncomingMessage, find_kind, read_incoming
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import InboxUpdate, Notice

log = structlog.get_logger(__name__)

STOP_COMMAND = "stop"
MAX_ATTEMPTS = 3
BATCH_UPDATES = 20
EARLIER_UPDATES = 30
OVERDUE_CHATS = 1_000  # of a sweep: until the next one Telegram takes some 900 messages
REQUEST = "update"  # the root of an update's trace: from its receipt to its end
SUPERGROUP = "-100"  # how the ids of supergroups begin
LATEST_UPDATES = 50  # enough to see the highest message id, though workers answer in no order


@dataclass(frozen=True, slots=True)
class Acceptance:
    """`chat_id` is where an answer is due, empty if none is; `is_new` is false for a redelivery.

    `is_stop`: the person wants the answer under way to end, which cannot wait for its turn.
    """

    is_new: bool
    chat_id: str
    is_stop: bool = False


def accept_update(update: dict[str, Any], *, payload: str, trace_id: str = "") -> Acceptance:
    """Store an update; a redelivered one changes nothing.

    Once this returns the update survives any crash. Raises `django.db.DatabaseError` if it could not be stored.
    """
    incoming = read_incoming(update)
    wanted = incoming or read_channel_update(update)
    kind = find_kind(update)
    chat_id = str(wanted.chat_id) if wanted else ""
    status = UpdateStatus.PENDING if wanted else UpdateStatus.IGNORED
    tracing.note(kind=kind)
    try:
        stored = InboxUpdate.objects.create(
            update_id=update["update_id"],
            kind=kind,
            chat_id=chat_id,
            user_id=incoming.user_id if incoming else "",
            message_id=wanted.message_id if wanted else None,
            payload=payload if wanted else "",  # what is said to others is not ours to keep
            status=status,
            trace_id=trace_id or uuid.uuid4().hex,
        )
    except IntegrityError:
        metrics.UPDATES.labels(kind, "redelivered").inc()
        tracing.note(is_redelivered=True)
        return Acceptance(is_new=False, chat_id=chat_id)
    metrics.UPDATES.labels(kind, status).inc()
    if status is UpdateStatus.IGNORED:
        _end_request(stored, status)
    log.info("update stored", update_id=update["update_id"], kind=kind, chat_id=chat_id, status=status)
    is_stop = isinstance(incoming, IncomingMessage) and incoming.command == STOP_COMMAND
    return Acceptance(is_new=True, chat_id=chat_id, is_stop=is_stop)


def list_pending(chat_id: str) -> list[InboxUpdate]:
    """Return the chat's oldest unanswered updates, at most `BATCH_UPDATES`, in order of arrival.

    Asked for every message, so as a pipeline: Django would take longer to put the question than to read the answer.
    """
    pipeline = [
        {"$match": {"status": UpdateStatus.PENDING.value, "chat_id": chat_id}},
        {"$sort": {"received_at": 1, "_id": 1}},
        {"$limit": BATCH_UPDATES},
    ]
    return list(InboxUpdate.pipelines.raw_aggregate(pipeline))


def is_pending(update: InboxUpdate) -> bool:
    """Tell whether an update has still to be answered: another worker may have done so since it was read."""
    return InboxUpdate.objects.filter(pk=update.pk, status=UpdateStatus.PENDING).exists()


def find_overdue_moment() -> datetime:
    """Return since when something has to wait for a sweep to see to it; whoever began it is at it until then."""
    return timezone.now() - timedelta(seconds=settings.OVERDUE_AFTER_S)


def list_overdue_chats() -> list[str]:
    """Return the chats in which an answer has been due for longer than a worker needs to notice.

    Those of the `OVERDUE_CHATS` that have waited longest; the next sweep finds the others.
    """
    overdue = InboxUpdate.objects.filter(status=UpdateStatus.PENDING, received_at__lte=find_overdue_moment())
    longest = overdue.values_list("chat_id").annotate(since=Min("received_at")).order_by("since")
    return [chat_id for chat_id, _ in longest[:OVERDUE_CHATS]]


def record_answer_messages(update: InboxUpdate, message_ids: Sequence[int]) -> None:
    """Keep which Telegram messages carry the answer: whoever takes over after a crash edits these."""
    update.answer_message_ids = list(message_ids)
    InboxUpdate.objects.filter(pk=update.pk).update(answer_message_ids=update.answer_message_ids)


def mark_answered(update: InboxUpdate, message_ids: Sequence[int], *, is_scrubbed: bool = False) -> None:
    """Note that an update is answered; `is_scrubbed` erases its words with that."""
    answered_at = timezone.now()
    changes: dict[str, Any] = {"payload": "", "prepared": ""} if is_scrubbed else {}
    if update.undelivered:
        changes["undelivered"] = ""
    InboxUpdate.objects.filter(pk=update.pk).update(
        status=UpdateStatus.ANSWERED, answered_at=answered_at, answer_message_ids=list(message_ids), **changes
    )
    seconds = (answered_at - update.received_at).total_seconds()
    metrics.ANSWER_SECONDS.observe(seconds)
    log.info("update answered", update_id=update.update_id, chat_id=update.chat_id, seconds=seconds)
    _end_request(update, UpdateStatus.ANSWERED)


def mark_ignored(updates: Sequence[InboxUpdate]) -> None:
    """Note that updates turned out to be none of Butler's business, and forget their words."""
    InboxUpdate.objects.filter(pk__in=[update.pk for update in updates]).update(
        status=UpdateStatus.IGNORED, answered_at=timezone.now(), payload=""
    )
    for update in updates:
        _end_request(update, UpdateStatus.IGNORED)


def mark_taken(update: InboxUpdate, *, is_kept: bool) -> None:
    """Note that nothing more is to be done about what a channel sent, and forget its words.

    `is_kept`: they are in the post that came of it; of a channel that is not read nothing is left.
    """
    status = UpdateStatus.ANSWERED if is_kept else UpdateStatus.IGNORED
    InboxUpdate.objects.filter(pk=update.pk).update(status=status, answered_at=timezone.now(), payload="")
    _end_request(update, status)


def join_updates(lead: InboxUpdate, others: Sequence[InboxUpdate]) -> None:
    """Keep which updates make one question, so that every attempt answers the same one."""
    InboxUpdate.objects.filter(pk__in=[update.pk for update in others]).update(joined_to=lead.pk)


def list_joined(lead: InboxUpdate) -> list[InboxUpdate]:
    """Return what was joined to the first update of a question, in order of arrival."""
    joined = InboxUpdate.objects.filter(
        status__in=UpdateStatus.values,
        chat_id=lead.chat_id,
        received_at__gte=lead.received_at,
        joined_to=lead.pk,
    )
    return list(joined.order_by("received_at", "pk"))


def mark_joined_answered(others: Sequence[InboxUpdate]) -> None:
    """Note that the rest of a question is answered. Before its first update: that one is what a crash leaves."""
    InboxUpdate.objects.filter(pk__in=[update.pk for update in others]).update(
        status=UpdateStatus.ANSWERED, answered_at=timezone.now()
    )
    for update in others:
        _end_request(update, UpdateStatus.ANSWERED, answered_with=tracing.current_trace_id())


def keep_undelivered(update: InboxUpdate, kept: str) -> None:
    """Keep what is left of an answer that Telegram does not take yet, so that the model is not asked again."""
    update.undelivered = kept
    InboxUpdate.objects.filter(pk=update.pk).update(undelivered=kept)


def list_earlier(update: InboxUpdate) -> list[InboxUpdate]:
    """Return what was answered in the chat before an update, latest first, as long as its words are kept."""
    earlier = InboxUpdate.objects.filter(
        status__in=(UpdateStatus.ANSWERED, UpdateStatus.PARKED),
        chat_id=update.chat_id,
        received_at__lte=update.received_at,
    ).exclude(payload="")
    return [
        found for found in earlier.order_by("-received_at", "-pk")[:EARLIER_UPDATES] if found.pk != update.pk
    ]


def scrub_updates(user_id: str, *, chat_id: str, besides: InboxUpdate) -> int:
    """Erase the words of a person's updates up to one; that they were there stays known: none is answered twice.

    What came in after that one is said by somebody who begins anew.
    """
    until_then = InboxUpdate.objects.filter(received_at__lte=besides.received_at).exclude(pk=besides.pk)
    theirs = until_then.filter(Q(user_id=user_id) | Q(chat_id=chat_id))
    return theirs.exclude(payload="", prepared="", undelivered="").update(
        payload="", prepared="", undelivered=""
    )


def count_failed_attempt(update: InboxUpdate) -> None:
    """Note that an earlier attempt did not come to its end; `MAX_ATTEMPTS` of them are enough."""
    InboxUpdate.objects.filter(pk=update.pk).update(attempts=F("attempts") + 1)
    update.attempts += 1


def park_update(update: InboxUpdate) -> None:
    """Give an update up, so that the chat can move on."""
    InboxUpdate.objects.filter(pk=update.pk).update(status=UpdateStatus.PARKED)
    metrics.UPDATES_PARKED.inc()
    _end_request(update, UpdateStatus.PARKED, is_error=True)
    log.error("update parked", update_id=update.update_id, attempts=update.attempts)


def find_last_answer_id(chat_id: str) -> int:
    """Return the id of the newest message of ours known in this chat, 0 if there is none."""
    answered = InboxUpdate.objects.filter(
        status__in=(UpdateStatus.ANSWERED, UpdateStatus.PARKED), chat_id=chat_id
    ).order_by("-received_at", "-pk")
    # One that is revised is pending again, and in the chat all the same.
    notices = Notice.objects.filter(status__in=NoticeStatus.values, chat_id=chat_id).order_by("-created_at")
    known = [
        *answered.values_list("answer_message_ids", flat=True)[:5],
        *notices.values_list("message_ids", flat=True)[:5],
    ]
    return max((message_id for ids in known for message_id in ids), default=0)


def find_latest_message_id(chat_id: str, *, since: datetime) -> int:
    """Return the highest message id known where messages are numbered with this chat's; 0 if none is.

    Telegram numbers the messages of private chats and small groups together, those of a supergroup by itself.
    """
    latest = InboxUpdate.objects.filter(received_at__gte=since)
    if chat_id.startswith(SUPERGROUP):
        latest = latest.filter(chat_id=chat_id)
    else:
        latest = latest.exclude(chat_id__startswith=SUPERGROUP)
    newest = latest.order_by("-received_at")[:LATEST_UPDATES]
    return max((message_id for update in newest for message_id in _list_message_ids(update)), default=0)


def _end_request(
    update: InboxUpdate, status: UpdateStatus, *, is_error: bool = False, answered_with: str | None = None
) -> None:
    """Complete an update's trace. `answered_with`: the trace of the update whose answer is this one's as well."""
    tracing.record_request(
        REQUEST,
        trace_id=update.trace_id,
        started_at=update.received_at,
        is_error=is_error,
        update_id=update.update_id,
        kind=update.kind,
        outcome=status.value,
        failed_attempts=update.attempts,
        answered_with=answered_with,
    )


def _list_message_ids(update: InboxUpdate) -> list[int]:
    return [*([update.message_id] if update.message_id else []), *update.answer_message_ids]
