"""A broadcast of a running stack: begun as pressing «Send» on the admin site does, and followed to its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from tests.harness.processes import wait_until
from tests.harness.stack import Stack

COUNTS = ("filed", "sent", "failed", "left_out")


def build_person(chat_id: int) -> dict[str, Any]:
    """Return the record of somebody who has access."""
    now = datetime.now(UTC)
    ids = {"user_id": str(chat_id), "chat_id": str(chat_id)}
    names = {"first_name": "", "username": "", "language_code": "ru", "decided_by": "", "unfinished": ""}
    return {
        **ids,
        **names,
        "access_state": "approved",
        "decided_at": None,
        "created_at": now,
        "updated_at": now,
    }


def begin(stack: Stack, text: str) -> ObjectId:
    """Leave what pressing «Send» leaves; the sweeper does the rest."""
    now = datetime.now(UTC)
    draft = {
        "text": text,
        "channel_id": "",
        "created_by": "boss",
        "created_at": now,
        "started_at": now,
        "finished_at": None,
    }
    begun = {"status": "filing", "filed_until": "", **dict.fromkeys(COUNTS, 0)}
    broadcast: ObjectId = stack.database().broadcasts.insert_one(draft | begun).inserted_id
    return broadcast


def read(stack: Stack, broadcast: ObjectId) -> dict[str, Any]:
    found = stack.database().broadcasts.find_one({"_id": broadcast})
    assert found is not None
    return found


def wait_until_over(stack: Stack, broadcast: ObjectId, *, timeout_s: float = 60.0) -> dict[str, Any]:
    """Return its status and figures at the end."""
    wait_until(
        lambda: read(stack, broadcast)["finished_at"], timeout_s=timeout_s, what="the end of the broadcast"
    )
    return {name: read(stack, broadcast)[name] for name in ("status", *COUNTS)}
