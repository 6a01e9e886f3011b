"""Notices: messages that answer nobody, filed in the database and delivered from there, each once.

Whoever files one names it by a key, so that filing it again changes nothing. A revised notice is pending again;
its delivery edits the messages that carry it. What was revised while it was being delivered stays pending.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from botgateway import metrics
from botgateway.domain.buttons import Keyboard, keyboard_as_json
from botgateway.domain.inbox import LATEST_UPDATES, find_overdue_moment
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import InboxUpdate, Notice

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 5  # a notice that kills its worker must not do so for ever
BATCH_NOTICES = 20
KNOWN_NOTICES = 10  # whose messages are looked at for the newest of a chat
OVERDUE_NOTICES = 200  # of a sweep: after a long outage their chats are not all woken at once


def file_notice(
    *,
    key: str,
    chat_id: str,
    text: str,
    keyboard: Keyboard = (),
    about_user_id: str = "",
    trace_id: str = "",
) -> bool:
    """File a notice in Markdown; False if there is one of this key already, which stays as it is."""
    try:
        Notice.objects.create(
            key=key,
            chat_id=chat_id,
            text=text,
            keyboard=keyboard_as_json(keyboard),
            about_user_id=about_user_id,
            trace_id=trace_id,
        )
    except IntegrityError:
        return False
    return True


def revise_notice(key: str, *, text: str, keyboard: Keyboard = ()) -> str:
    """Give a notice another text; return its chat, in which it waits to be shown, empty if nothing changes.

    One that could not be delivered stays so: what it would have said is history.
    """
    shown = {"text": text, "keyboard": keyboard_as_json(keyboard)}
    changed = Notice.objects.filter(key=key).exclude(**shown).exclude(status=NoticeStatus.FAILED)
    is_changed = changed.update(
        **shown, status=NoticeStatus.PENDING, revision=F("revision") + 1, due_at=timezone.now()
    )
    return Notice.objects.get(key=key).chat_id if is_changed else ""


def list_due(chat_id: str) -> list[Notice]:
    """Return the chat's notices that wait to be delivered, at most `BATCH_NOTICES`, oldest first.

    Copies of broadcasts are not among them: these go out by lanes (`domain.broadcasts`).
    """
    due = Notice.objects.filter(
        status=NoticeStatus.PENDING, chat_id=chat_id, broadcast_id="", due_at__lte=timezone.now()
    )
    return list(due.order_by("created_at", "pk")[:BATCH_NOTICES])


def list_overdue_chats() -> list[str]:
    """Return the chats in which a notice has been due for longer than a worker needs to notice.

    Those of the `OVERDUE_NOTICES` that have been due for longest; the next sweep finds the others.
    """
    overdue = Notice.objects.filter(
        broadcast_id="", status=NoticeStatus.PENDING, lane=0, due_at__lte=find_overdue_moment()
    )
    longest = overdue.order_by("due_at").values_list("chat_id", flat=True)
    return sorted(set(longest[:OVERDUE_NOTICES]))


def begin_delivery(notice: Notice) -> bool:
    """Count an attempt before it begins.

    False if there were enough of them and the notice is given up, or if it no longer waits as it was read: another
    worker may have delivered it since, or tried to.
    """
    if notice.attempts >= MAX_ATTEMPTS:
        give_up(notice, reason="attempts")
        return False
    # A killed worker's chat is free when its lease has run out; what kills one after another gets rarer.
    pause = timedelta(seconds=settings.TURN_LEASE_S * 2.0**notice.attempts)
    waiting = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING, attempts=notice.attempts)
    notice.attempts += 1
    begun = {"attempts": notice.attempts, "known_message_id": notice.known_message_id}
    return bool(waiting.update(**begun, due_at=timezone.now() + pause))


def is_waiting(notice: Notice) -> bool:
    """Tell whether a notice has still to be delivered: another worker may have done so since it was read."""
    return Notice.objects.filter(pk=notice.pk, status=NoticeStatus.PENDING).exists()


def record_messages(notice: Notice, message_ids: Sequence[int]) -> None:
    """Keep which messages carry the notice: whoever takes over after a crash edits these."""
    Notice.objects.filter(pk=notice.pk).update(message_ids=list(message_ids))


def mark_sent(notice: Notice, message_ids: Sequence[int]) -> None:
    """Note that a notice is delivered, unless it has been revised meanwhile."""
    carried = {"message_ids": list(message_ids), "attempts": 0}
    unrevised = Notice.objects.filter(pk=notice.pk, revision=notice.revision)
    if unrevised.update(status=NoticeStatus.SENT, **carried):
        _count(notice, "sent")
        log.info("notice delivered", notice=str(notice.pk), chat_id=notice.chat_id)
    else:
        Notice.objects.filter(pk=notice.pk).update(due_at=timezone.now(), **carried)


def postpone(notice: Notice, *, pause_s: float, may_be_sent: bool, is_counted: bool = False) -> None:
    """Leave a notice for later because Telegram is away or asks to wait: no fault of the notice's.

    `may_be_sent` keeps the next attempt looking for a message that arrived without our learning so. `is_counted`:
    Telegram is there for others, so that the attempt counts.
    """
    attempts = max(1, notice.attempts - 1) if may_be_sent else notice.attempts - 1
    if is_counted:
        attempts = notice.attempts
    due_at = timezone.now() + timedelta(seconds=pause_s)
    Notice.objects.filter(pk=notice.pk).update(attempts=attempts, due_at=due_at)


def give_up(notice: Notice, *, reason: str) -> None:
    """Note that a notice cannot be delivered. That some of many have left the bot is nothing out of the ordinary."""
    Notice.objects.filter(pk=notice.pk).update(status=NoticeStatus.FAILED)
    _count(notice, "failed")
    note = log.info if notice.broadcast_id else log.error
    note("notice failed", notice=str(notice.pk), chat_id=notice.chat_id, reason=reason)


def find_newest_message_id(notice: Notice) -> int:
    """Return the id of the newest message that is known to be older than the notice's own, 0 if none is.

    Private chats are numbered together: whatever anybody had written before the notice was filed is older.
    """
    answered = InboxUpdate.objects.filter(status__in=UpdateStatus.values, chat_id=notice.chat_id)
    carried = Notice.objects.filter(status__in=NoticeStatus.values, chat_id=notice.chat_id)
    known = [
        *answered.order_by("-received_at").values_list("answer_message_ids", flat=True)[:KNOWN_NOTICES],
        *carried.order_by("-created_at").values_list("message_ids", flat=True)[:KNOWN_NOTICES],
    ]
    ids = [message_id for ids in known for message_id in ids]
    return max([*ids, *_list_ids_before(notice.created_at, chat_id=notice.chat_id)], default=0)


def _count(notice: Notice, outcome: str) -> None:
    if notice.broadcast_id:
        metrics.BROADCAST_MESSAGES.labels(outcome).inc()


def _list_ids_before(moment: datetime, *, chat_id: str) -> list[int]:
    earlier = InboxUpdate.objects.filter(received_at__lt=moment).order_by("-received_at")
    found = earlier.values_list("chat_id", "message_id")[:LATEST_UPDATES]
    return [
        message_id
        for theirs, message_id in found
        if message_id and (theirs == chat_id or not (_is_group(theirs) or _is_group(chat_id)))
    ]


def _is_group(chat_id: str) -> bool:
    """Telegram gives groups negative ids; each supergroup numbers its own messages."""
    return chat_id.startswith("-")
