"""What the admins are told of."""

from __future__ import annotations

from botgateway.models import InboxUpdate


def report_parked_update(update: InboxUpdate) -> tuple[str, ...]:
    """File a report for each admins' chat; return the chats in which it waits to be sent."""
    return ()
