"""Pressed buttons: which handler answers which. An action's first word is its area."""

from __future__ import annotations

from collections.abc import Callable

from botgateway.domain.access_notices import REQUEST_AREA
from botgateway.domain.buttons import read_action
from botgateway.domain.channel_notices import CHANNEL_AREA
from botgateway.domain.digest_messages import DIGEST_AREA
from botgateway.handlers.again import RETRY_AREA
from botgateway.handlers.channels import handle_channel_press
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.digests import handle_digest_press
from botgateway.handlers.forgetting import FORGET_AREA, handle_forget_press
from botgateway.handlers.memory import MEMORY_AREA, handle_memory_press
from botgateway.handlers.model import MODEL_AREA, handle_model_press
from botgateway.handlers.people import PEOPLE_AREA, handle_people_press, handle_request_press
from botgateway.handlers.preferences import (
    LANGUAGE_AREA,
    PERSONA_AREA,
    handle_language_press,
    handle_persona_press,
)
from botgateway.handlers.retry import handle_retry_press
from botgateway.handlers.subscriptions import SUBSCRIPTION_AREA, handle_subscription_press
from botgateway.wording.general import GeneralPhrase

PressHandler = Callable[[Conversation, list[str]], Handled]

AREAS: dict[str, PressHandler] = {
    RETRY_AREA: handle_retry_press,
    MEMORY_AREA: handle_memory_press,
    FORGET_AREA: handle_forget_press,
    PERSONA_AREA: handle_persona_press,
    LANGUAGE_AREA: handle_language_press,
    MODEL_AREA: handle_model_press,
    PEOPLE_AREA: handle_people_press,
    REQUEST_AREA: handle_request_press,
    CHANNEL_AREA: handle_channel_press,
    DIGEST_AREA: handle_digest_press,
    SUBSCRIPTION_AREA: handle_subscription_press,
}


def handle_press(conversation: Conversation) -> Handled:
    """Do what the button says; one that nobody knows any more says so."""
    area, arguments = read_action(conversation.press.data)
    handler = AREAS.get(area)
    if handler is None:
        return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    return handler(conversation, arguments)
