"""Refusals of the stand-in.

SandboxError
├── BotApiError      answered to the bot in Telegram's own JSON form
└── ControlError     answered by the control API as {"error": …}
"""

from __future__ import annotations

from http import HTTPStatus


class SandboxError(Exception):
    """Base of everything the stand-in refuses."""


class BotApiError(SandboxError):
    """Refuse a Bot API call; `code` and `description` are Telegram's own words.

    `retry_after` is in whole seconds (https://core.telegram.org/bots/api#responseparameters).
    """

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after


class ControlError(SandboxError):
    """Refuse a call of the control API."""

    def __init__(self, description: str, *, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(description)
        self.description = description
        self.status = status


def bad_request(reason: str) -> BotApiError:
    """Build the 400 that Telegram words as `Bad Request: <reason>`."""
    return BotApiError(HTTPStatus.BAD_REQUEST, f"Bad Request: {reason}")


def too_many_requests(retry_after: int) -> BotApiError:
    """Build the 429 that asks the bot to wait `retry_after` seconds."""
    description = f"Too Many Requests: retry after {retry_after}"
    return BotApiError(HTTPStatus.TOO_MANY_REQUESTS, description, retry_after=retry_after)
