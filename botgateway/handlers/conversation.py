"""What a handler is given: what came in, the person's language, the answer to be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import TelegramClient
from botgateway.domain.bundles import Bundle
from botgateway.domain.preparation import Preparation, read_preparation
from botgateway.domain.turns import Turn
from botgateway.domain.updates import ButtonPress, Incoming, IncomingMessage
from botgateway.models import InboxUpdate
from botgateway.wording.phrase import Phrase, say, say_plain
from personalization.domain.context import Context, read_context
from personalization.enums import Language
from personalization.models import UserProfile


@dataclass
class Conversation:
    """One message or press, and its answer.

    `key` identifies it to the memory; `is_repeated` tells that an earlier attempt at it came to nothing.
    `is_stranger`: somebody without access, of whom nothing is read or written. `turn` is the right to answer.
    """

    incoming: Incoming
    answer: Answer
    client: TelegramClient
    bundle: Bundle
    turn: Turn
    is_repeated: bool = False
    is_stranger: bool = False

    @property
    def update(self) -> InboxUpdate:
        """The update that stands for all that were sent together."""
        return self.bundle.lead

    @property
    def key(self) -> str:
        return f"update:{self.update.pk}"

    @property
    def trace_id(self) -> str:
        return self.update.trace_id

    @property
    def user_id(self) -> str:
        return self.incoming.user_id

    @property
    def message(self) -> IncomingMessage:
        """What was written. Raises `TypeError` for a press."""
        if not isinstance(self.incoming, IncomingMessage):
            raise TypeError("not a message")
        return self.incoming

    @property
    def press(self) -> ButtonPress:
        """The button pressed. Raises `TypeError` for a message."""
        if not isinstance(self.incoming, ButtonPress):
            raise TypeError("not a press")
        return self.incoming

    @property
    def preparations(self) -> list[Preparation]:
        """What was made of the voice messages and files that were sent, in their order."""
        found = [read_preparation(update) for update in self.bundle.updates]
        return [preparation for preparation in found if preparation]

    @property
    def has_memory(self) -> bool:
        """Whether this person's profile and memory may be read and written here."""
        return settings.PERSONALIZATION_ENABLED and self.incoming.is_private and not self.is_stranger

    @cached_property
    def context(self) -> Context:
        """The person's profile and recent events, read once; only where there is `has_memory`."""
        return read_context(self.user_id)

    @property
    def profile(self) -> UserProfile:
        return self.context.profile

    @cached_property
    def language(self) -> str:
        """The language of Butler's own phrases: the profile's, a stranger's own if it is one of Butler's."""
        if self.has_memory:
            return self.profile.language
        theirs = self.incoming.sender.language_code[:2]
        is_known = self.is_stranger and theirs in Language.values
        return theirs if is_known else settings.LANGUAGE_CODE

    def say(self, phrase: Phrase, **slots: object) -> str:
        return say(phrase, language=self.language, **slots)

    def say_plain(self, phrase: Phrase, **slots: object) -> str:
        return say_plain(phrase, language=self.language, **slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """What a handler leaves.

    `message_ids` carry the answer. `compress_user_id`: whose memory is to be compressed in the background.
    `toast` is a short plain text for who pressed a button. `is_scrubbed`: the update's own words are to be erased.
    `notice_chats` have new notices to be delivered.
    """

    message_ids: list[int]
    compress_user_id: str = ""
    toast: str = ""
    is_scrubbed: bool = False
    notice_chats: tuple[str, ...] = ()


def answer_with(conversation: Conversation, phrase: Phrase, **slots: object) -> Handled:
    """Answer with a phrase and nothing else."""
    return Handled(message_ids=conversation.answer.deliver(conversation.say(phrase, **slots)))
