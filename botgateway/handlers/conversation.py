"""What a handler is given: the message, the person's language, the answer to be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import TelegramClient
from botgateway.domain.phrases import Phrase, say
from botgateway.domain.updates import IncomingMessage
from personalization.domain.profiles import get_profile


@dataclass
class Conversation:
    """One message and its answer.

    `key` identifies the message to the memory; `is_repeated` tells that an earlier attempt at it came to nothing.
    """

    message: IncomingMessage
    answer: Answer
    client: TelegramClient
    key: str
    trace_id: str
    is_repeated: bool

    @cached_property
    def language(self) -> str:
        """The language of Butler's own phrases: the profile's."""
        if not settings.PERSONALIZATION_ENABLED:
            return settings.LANGUAGE_CODE
        return get_profile(self.message.user_id).language

    def say(self, phrase: Phrase) -> str:
        return say(phrase, language=self.language)


@dataclass(frozen=True, slots=True)
class Handled:
    """What a handler leaves: the messages of the answer, and whose memory is to be compressed in the background."""

    message_ids: list[int]
    compress_user_id: str = ""
