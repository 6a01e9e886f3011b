"""What somebody hears who has asked enough for now."""

from __future__ import annotations

from botgateway.domain.limits import Refusal
from botgateway.handlers.conversation import Conversation, Handled


def handle_refused_by_limits(conversation: Conversation, *, refusal: Refusal) -> Handled:
    return Handled(message_ids=[])
