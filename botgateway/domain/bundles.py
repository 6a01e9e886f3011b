"""Bundles: updates that together make one question.

Telegram delivers an album as one message for each picture, and a text over its limit as several. What is pending is
put together again before it is answered; an edit that arrives before its message is answered replaces the wording.
Which updates were put together is stored before the answer begins, so that an attempt after a crash answers the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings

from botgateway.domain.channel_updates import ChannelUpdate, read_channel_update
from botgateway.domain.message_length import MESSAGE_LIMIT, utf16_length
from botgateway.domain.preparation import find_queue
from botgateway.domain.updates import ButtonPress, IncomingMessage, read_incoming
from botgateway.models import InboxUpdate

# UTF-16 code units. Clients cut a text over the limit, mostly at a space shortly before: what is this long may go on.
LONG_TEXT = 3_000


@dataclass(slots=True)
class Bundle:
    """`lead` is the first update: it stands for all of them.

    `incoming` is None for one that nobody is to answer; `channel_update` is what a channel sent, which stands alone.
    """

    lead: InboxUpdate
    incoming: IncomingMessage | ButtonPress | None
    others: list[InboxUpdate] = field(default_factory=list)
    has_parts: bool = False
    channel_update: ChannelUpdate | None = None

    @property
    def updates(self) -> list[InboxUpdate]:
        return [self.lead, *self.others]

    def list_unprepared(self) -> list[tuple[InboxUpdate, str]]:
        """Return what has to be prepared before an answer, each with its queue."""
        waiting = []
        for update in self.updates:
            message = _read(update)
            if (
                not update.prepared
                and isinstance(message, IncomingMessage)
                and (queue := find_queue(message))
            ):
                waiting.append((update, queue))
        return waiting


def next_bundle(pending: Sequence[InboxUpdate]) -> Bundle:
    """Put together what belongs to the oldest of the pending updates (in order of arrival, at least one)."""
    lead, *rest = pending
    bundle = Bundle(lead, _read(lead))
    if bundle.incoming is None and lead.payload:
        bundle.channel_update = read_channel_update(json.loads(lead.payload))
    if not isinstance(bundle.incoming, IncomingMessage) or bundle.incoming.is_edited:
        return bundle
    is_joined = [update for update in rest if update.joined_to == lead.pk]
    # What comes after the answer has been written is no part of its question.
    for update in is_joined if is_joined or lead.undelivered else rest:
        message = _read(update)
        if isinstance(message, IncomingMessage):
            _try_to_join(bundle, update, message, is_known=bool(is_joined))
    return bundle


def find_time_to_wait_s(bundle: Bundle, *, now: datetime) -> float:
    """Return how long a continuation may still be on its way, 0 if there is none to be expected."""
    last = bundle.updates[-1]
    if last.joined_to or not isinstance(bundle.incoming, IncomingMessage) or not _is_open(last):
        return 0.0
    complete_at = last.received_at + timedelta(seconds=settings.JOIN_WAIT_S)
    return max(0.0, (complete_at - now).total_seconds())


def _try_to_join(bundle: Bundle, update: InboxUpdate, message: IncomingMessage, *, is_known: bool) -> None:
    first = bundle.incoming
    if not isinstance(first, IncomingMessage) or message.user_id != first.user_id:
        return
    if message.is_edited:
        _take_edit(bundle, update, message)
    elif is_known or _continues(bundle.updates[-1], update, message):
        bundle.incoming = replace(first, text=_join_texts(first, message))
        bundle.others.append(update)
        bundle.has_parts = True


def _take_edit(bundle: Bundle, update: InboxUpdate, message: IncomingMessage) -> None:
    """Take the new wording of a message that is not answered yet; a text in several parts keeps its own."""
    if message.message_id == bundle.lead.message_id and not bundle.has_parts:
        bundle.incoming = replace(message, is_edited=False)
        bundle.others.append(update)


def _continues(last: InboxUpdate, update: InboxUpdate, message: IncomingMessage) -> bool:
    earlier = _read(last)
    if not isinstance(earlier, IncomingMessage):
        return False
    if earlier.media_group_id or message.media_group_id:
        return earlier.media_group_id == message.media_group_id
    is_soon = update.received_at - last.received_at <= timedelta(seconds=settings.JOIN_WAIT_S)
    return _is_open(last) and is_soon and message.attachment is None and message.command is None


def _is_open(update: InboxUpdate) -> bool:
    """Tell whether an update may have a continuation: an album, or a text as long as Telegram takes."""
    message = _read(update)
    if not isinstance(message, IncomingMessage) or message.is_edited:
        return False
    if message.attachment is None:
        return message.command is None and utf16_length(message.text) >= LONG_TEXT
    return bool(message.media_group_id)


def _join_texts(first: IncomingMessage, second: IncomingMessage) -> str:
    """Join two parts; a text cut at the very limit was cut inside a word."""
    if not first.text or not second.text:
        return first.text + second.text
    is_cut = utf16_length(first.text) % MESSAGE_LIMIT == 0
    return first.text + ("" if is_cut else "\n") + second.text


def _read(update: InboxUpdate) -> IncomingMessage | ButtonPress | None:
    return read_incoming(json.loads(update.payload)) if update.payload else None
