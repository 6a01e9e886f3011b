"""To forget a person: profile, events, summary, files, exchanges, records of compressions.

The order is for those who may still be writing. A compression stores its summary only into the profile it has read,
so the profile goes first, and with it the summary; a compression that begins later finds no profile and makes none,
nor does it leave a record of itself.
Events come next, then files, of which `domain.files` says how. The profile goes once more at the end, should somebody
have read one into being meanwhile. That no reply is being stored at the same time is the caller's part: whoever
answers a chat and whoever erases its person hold the same turn.

Exchanges wait for a moment in the processes that recorded them before they are written. So they are erased with the
rest, and once more at the very end, when so much time has passed since the profile went that none can come any more.

Killed anywhere, what is left has no reader, and doing all of it again comes to the same end.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from llm.exchanges import erase_exchanges, erase_late_exchanges
from personalization import metrics
from personalization.domain.compression_records import delete_records
from personalization.domain.files import delete_files
from personalization.models import MemoryEvent, UserProfile

log = structlog.get_logger(__name__)


def erase_person(user_id: str, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Delete everything that is known of a person; of somebody unknown there is nothing to delete.

    Takes some seconds, during most of which it waits.
    """
    for step in STEPS:
        step(user_id)
    erase_late_exchanges(user_id, wait=wait)
    log.info("person forgotten", user_id=user_id)


def _delete_profile(user_id: str) -> None:
    UserProfile.objects.filter(user_id=user_id).delete()
    metrics.PROFILE_WRITES.inc()


def _delete_events(user_id: str) -> None:
    MemoryEvent.objects.filter(user_id=user_id).delete()


def _delete_files(user_id: str) -> None:
    delete_files(user_id)


STEPS: tuple[Callable[[str], None], ...] = (
    _delete_profile,
    _delete_events,
    _delete_files,
    erase_exchanges,
    delete_records,
    _delete_profile,
)
