"""To forget a person everywhere: what the core knows of them, and what the gateway does.

    1. profile, events, summary, files,      `personalization.domain.erasure`, which says why in this order
       exchanges
    2. subscriptions                         before the notices, which are filed for subscribers
    3. notices with their name
    4. the words of their updates            the numbers stay until they expire: no update is answered twice
    5. files, once more                      a reader that had been given up may have stored one until step 4 stopped it
    6. the names in the request itself       it has to stay readable until it is answered
    7. their names                           state and decisions of access stay, or forgetting would undo a block
    8. what Redis holds under their number   but the day's count of tokens, or forgetting would renew the budget

The request is an update that is pending until all of this is done and said. So a crash anywhere leads to another
attempt, for which every step finds its work done or to do. The core goes first: the rest is traces of it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from botgateway.domain import admin_sessions, inbox, limits, strangers, turns
from botgateway.domain.updates import CALLBACK_KIND
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import AccessDecision, InboxUpdate, Notice, Person
from digests.domain.subscriptions import forget_subscriptions
from personalization.domain import erasure as core
from personalization.domain.files import delete_files


def forget_person(
    user_id: str, *, chat_id: str, request: InboxUpdate, wait: Callable[[float], None] = time.sleep
) -> None:
    """Erase a person who asks for it by pressing a button, `request`; may be repeated freely.

    Takes some seconds, as `personalization.domain.erasure` does.
    """
    core.erase_person(user_id, wait=wait)
    forget_subscriptions(user_id)
    _erase_notices(user_id)
    inbox.scrub_updates(user_id, chat_id=chat_id, besides=request)
    delete_files(user_id)
    _scrub_presses_about(user_id)
    _scrub_request(request)
    _erase_names(user_id)
    _erase_keys(user_id, chat_id)


def _erase_notices(user_id: str) -> None:
    """Delete what is about the person, and what told others' admins that the person, an admin, had decided."""
    Notice.objects.filter(about_user_id=user_id).delete()
    decisions = AccessDecision.objects.filter(decided_by=f"telegram:{user_id}")
    decided = set(decisions.values_list("user_id", flat=True))
    told = Notice.objects.filter(about_user_id__in=decided, broadcast_id="")
    told.exclude(status=NoticeStatus.PENDING).delete()


def _scrub_presses_about(user_id: str) -> None:
    """Erase admins' presses under a request for access: the message that they were under is part of them."""
    admins = [str(chat_id) for chat_id in settings.ADMIN_CHAT_IDS]
    dealt_with = [status for status in UpdateStatus if status is not UpdateStatus.PENDING]
    presses = InboxUpdate.objects.filter(status__in=dealt_with, chat_id__in=admins, kind=CALLBACK_KIND)
    presses.filter(payload__contains=user_id).update(payload="")


def _scrub_request(request: InboxUpdate) -> None:
    """Leave of the press what answering it takes: numbers, and what the button means."""
    press = json.loads(request.payload)[CALLBACK_KIND]
    message, chat = press["message"], press["message"]["chat"]
    kept: dict[str, Any] = {
        "id": press["id"],
        "from": {"id": press["from"]["id"]},
        "message": {"message_id": message["message_id"], "chat": {"id": chat["id"], "type": chat["type"]}},
        "data": press["data"],
    }
    request.payload = json.dumps({"update_id": request.update_id, CALLBACK_KIND: kept})
    InboxUpdate.objects.filter(pk=request.pk).update(payload=request.payload)


def _erase_names(user_id: str) -> None:
    """Erase the names from the person's record, and from what the admin site has noted about that record."""
    person = Person.objects.filter(user_id=user_id).first()
    if person is None:
        return
    record = ContentType.objects.get_for_model(Person)
    LogEntry.objects.filter(content_type=record, object_id=str(person.pk)).update(object_repr=user_id)
    Person.objects.filter(pk=person.pk).update(
        first_name="", username="", language_code="", updated_at=timezone.now()
    )


def _erase_keys(user_id: str, chat_id: str) -> None:
    """The window of wrong admin passwords is left to run out: nobody may shorten it by being forgotten."""
    limits.forget_questions(user_id)
    admin_sessions.log_out(user_id)
    strangers.forget_stranger(user_id)
    turns.forget_chat(chat_id)
