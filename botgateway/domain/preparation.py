"""What is made of a voice message or a file before it can be answered, kept with its update."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from botgateway.domain.updates import IncomingMessage
from botgateway.enums import UpdateStatus
from botgateway.models import InboxUpdate

SPEECH_QUEUE = "speech"
FILES_QUEUE = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """`failure` names why there is nothing (an error's `outcome`), `detail` what the phrase about it needs.

    Of speech: `transcript`, and `file_id` where the recording is kept, even beside a `failure`.
    Of a file: `file_id`, under which its record and its text are found.
    """

    transcript: str = ""
    file_id: str = ""
    failure: str = ""
    detail: str = ""


def find_queue(message: IncomingMessage) -> str:
    """Name the queue on which a message has to be prepared; empty if it needs no preparation."""
    if message.attachment is None:
        return ""
    if message.attachment.is_spoken:
        return SPEECH_QUEUE
    return FILES_QUEUE if message.attachment.is_file else ""


def read_preparation(update: InboxUpdate) -> Preparation | None:
    """Return what preparing the update came to; None if it has not been prepared."""
    return Preparation(**json.loads(update.prepared)) if update.prepared else None


def write_preparation(update: InboxUpdate, preparation: Preparation) -> bool:
    """Keep the outcome, once; False if the update has been prepared, answered or forgotten meanwhile."""
    unprepared = InboxUpdate.objects.filter(pk=update.pk, status=UpdateStatus.PENDING, prepared="").exclude(
        payload=""
    )
    return bool(unprepared.update(prepared=json.dumps(asdict(preparation), ensure_ascii=False)))
