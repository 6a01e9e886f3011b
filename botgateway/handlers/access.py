"""What somebody hears who has no access."""

from __future__ import annotations

from botgateway.handlers.conversation import Conversation, Handled


def handle_stranger(conversation: Conversation) -> Handled:
    return Handled(message_ids=[])
