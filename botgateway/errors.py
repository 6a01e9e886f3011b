"""What can go wrong between Butler and Telegram.

MalformedUpdate            not an update at all; the webhook answers 400
NotPrepared                a voice message or a file that has to be read first, on a queue of its own
TurnLost                   another worker has taken the chat over
TelegramError
├── TelegramUnavailable    no connection, timeout, 5xx, a bad token; the call may have been carried out or not
├── TooManyRequests        429; `retry_after_s` is what Telegram asks to wait
├── SendLater              no call was made: its turn among all messages comes in `delay_s`
├── MessageNotModified     an edit that changes nothing; as good as done
├── MessageGone            the message to edit does not exist (any more), or is not the bot's
├── MarkupRejected         Telegram does not understand the HTML; plain text will do
├── FileTooBig             over what Telegram hands out to bots (20 MB), or over our own limit
├── PressOutdated          a button's press that Telegram has stopped waiting for
├── ChatUnreachable        403, or the chat is gone: the person blocked the bot or deleted the account
└── TelegramRefused        anything else it refuses for good
"""

from __future__ import annotations

from django.db import DatabaseError
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError


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


class SendLater(TelegramError):
    """A place in the queue is kept for the chat: whoever comes back after `delay_s` finds it.

    `kept` is what the next attempt's `Answer` is to be given, for it to go on where this one stopped.
    `may_be_sent`: an earlier call of unknown fate has still to be looked for.
    """

    is_transient = True

    def __init__(self, delay_s: float, *, kept: str = "", may_be_sent: bool = False) -> None:
        super().__init__(f"in {delay_s:.3f} s")
        self.delay_s = delay_s
        self.kept = kept
        self.may_be_sent = may_be_sent


class MessageNotModified(TelegramError):
    pass


class MessageGone(TelegramError):
    pass


class MarkupRejected(TelegramError):
    pass


class FileTooBig(TelegramError):
    pass


class PressOutdated(TelegramError):
    pass


class ChatUnreachable(TelegramError):
    pass


class TelegramRefused(TelegramError):
    pass


class NotPrepared(Exception):
    """Something has to be read before it can be answered: (update's key, queue) of each."""

    def __init__(self, waiting: list[tuple[str, str]]) -> None:
        super().__init__(f"{len(waiting)} updates")
        self.waiting = waiting


class TurnLost(Exception):
    """The exclusive right to answer a chat has passed to another worker: leave the answer to it."""


# A part that Butler needs is away, or refuses: the work is tried again.
OUTAGES = (TelegramError, DatabaseError, PyMongoError, RedisError)
