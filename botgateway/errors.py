"""What can go wrong between Butler and Telegram.

MalformedUpdate            not an update at all; the webhook answers 400
TelegramError
├── TelegramUnavailable    no connection, timeout, 5xx, a bad token; the call may have been carried out or not
├── TooManyRequests        429; `retry_after_s` is what Telegram asks to wait
├── MessageNotModified     an edit that changes nothing; as good as done
├── MessageGone            the message to edit does not exist (any more), or is not the bot's
├── MarkupRejected         Telegram does not understand the HTML; plain text will do
├── ChatUnreachable        403, or the chat is gone: the person blocked the bot or deleted the account
└── TelegramRefused        anything else it refuses for good
"""

from __future__ import annotations


class MalformedUpdate(ValueError):
    """The body is no update: not JSON, no object, or without an integer `update_id`."""


class TelegramError(Exception):
    """Root of the tree. `is_transient`: the same call may succeed later."""

    is_transient = False


class TelegramUnavailable(TelegramError):
    is_transient = True


class TooManyRequests(TelegramError):
    is_transient = True

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"retry after {retry_after_s} s")
        self.retry_after_s = retry_after_s


class MessageNotModified(TelegramError):
    pass


class MessageGone(TelegramError):
    pass


class MarkupRejected(TelegramError):
    pass


class ChatUnreachable(TelegramError):
    pass


class TelegramRefused(TelegramError):
    pass


class TurnLost(Exception):
    """The exclusive right to answer a chat has passed to another worker: leave the answer to it."""
