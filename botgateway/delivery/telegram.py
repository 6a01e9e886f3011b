"""The Bot API as Butler uses it, through pyTelegramBotAPI; its errors are translated here, once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar
from urllib.request import getproxies

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from telebot import apihelper
from telebot.types import BotCommand, BotCommandScope

from botgateway import metrics
from botgateway.errors import (
    ChatUnreachable,
    MarkupRejected,
    MessageGone,
    MessageNotModified,
    TelegramError,
    TelegramRefused,
    TelegramUnavailable,
    TooManyRequests,
)

T = TypeVar("T")

HTML = "HTML"
CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
DEFAULT_RETRY_AFTER_S = 1.0
FIRST_SERVER_ERROR = 500
FORBIDDEN, TOO_MANY = 403, 429
BAD_TOKEN = (401, 404)  # a token that was revoked or mistyped: updates wait until it is mended

# Telegram tells its refusals apart by the text alone.
REFUSALS: tuple[tuple[str, type[TelegramError]], ...] = (
    ("message is not modified", MessageNotModified),
    ("message to edit not found", MessageGone),
    ("message can't be edited", MessageGone),
    ("message_id_invalid", MessageGone),
    ("can't parse entities", MarkupRejected),
    ("chat not found", ChatUnreachable),
    ("user is deactivated", ChatUnreachable),
)


class TelegramClient:
    """One bot. Every method raises `TelegramError`; safe to share between threads."""

    def __init__(self, *, token: str, api_url: str) -> None:
        """`api_url` is the root of the Bot API, `https://api.telegram.org` or a server of one's own."""
        self._token = token
        root = api_url.rstrip("/")
        process_wide: Any = apihelper  # where pyTelegramBotAPI keeps these
        process_wide.API_URL = f"{root}/bot{{0}}/{{1}}"
        process_wide.FILE_URL = f"{root}/file/bot{{0}}/{{1}}"
        process_wide.CONNECT_TIMEOUT = CONNECT_TIMEOUT_S
        process_wide.READ_TIMEOUT = READ_TIMEOUT_S
        process_wide.CUSTOM_REQUEST_SENDER = _FormSender()

    def send_message(self, chat_id: int, text: str, *, is_html: bool) -> int:
        """Send a message and return its id."""
        mode = HTML if is_html else None
        sent = self._call(
            "sendMessage", lambda: apihelper.send_message(self._token, chat_id, text, parse_mode=mode)
        )
        return int(sent["message_id"])

    def edit_message(self, chat_id: int, message_id: int, text: str, *, is_html: bool) -> None:
        mode = HTML if is_html else None
        self._call(
            "editMessageText",
            lambda: apihelper.edit_message_text(
                self._token, text, chat_id=chat_id, message_id=message_id, parse_mode=mode
            ),
        )

    def remove_keyboard(self, chat_id: int, message_id: int) -> None:
        """Take a message's inline keyboard away. Raises `MessageNotModified` if it has none, and is the bot's."""
        self._call(
            "editMessageReplyMarkup",
            lambda: apihelper.edit_message_reply_markup(self._token, chat_id=chat_id, message_id=message_id),
        )

    def show_typing(self, chat_id: int) -> None:
        """Show «typing…» for five seconds, or until the next message."""
        self._call("sendChatAction", lambda: apihelper.send_chat_action(self._token, chat_id, "typing"))

    def get_updates(self, *, offset: int, timeout_s: int) -> list[dict[str, Any]]:
        """Wait up to `timeout_s` for updates; asking with an `offset` confirms every earlier one."""
        return self._call(
            "getUpdates",
            lambda: apihelper.get_updates(
                self._token, offset=offset, limit=100, long_polling_timeout=timeout_s
            ),
        )

    def set_webhook(self, url: str, *, secret: str) -> None:
        self._call("setWebhook", lambda: apihelper.set_webhook(self._token, url=url, secret_token=secret))

    def delete_webhook(self) -> None:
        """Return to long polling; waiting updates are kept."""
        self._call("deleteWebhook", lambda: apihelper.delete_webhook(self._token))

    def get_webhook_info(self) -> dict[str, Any]:
        return self._call("getWebhookInfo", lambda: apihelper.get_webhook_info(self._token))

    def set_commands(
        self,
        commands: Sequence[tuple[str, str]],
        *,
        language: str | None = None,
        scope: BotCommandScope | None = None,
    ) -> None:
        """Register (command, description) pairs; without a language they are everybody's."""
        menu = [BotCommand(command, description) for command, description in commands]
        self._call(
            "setMyCommands",
            lambda: apihelper.set_my_commands(self._token, menu, scope=scope, language_code=language),
        )

    def _call(self, method: str, call: Callable[[], T]) -> T:
        try:
            with _translated_errors():
                result = call()
        except TelegramError as error:
            metrics.API_CALLS.labels(method, type(error).__name__).inc()
            raise
        metrics.API_CALLS.labels(method, "ok").inc()
        return result


@cache
def telegram_client() -> TelegramClient:
    """Return the client of the configured bot."""
    return TelegramClient(token=settings.TELEGRAM_BOT_TOKEN, api_url=settings.TELEGRAM_API_URL)


class _FormSender:
    """Sends parameters as a form in the body.

    pyTelegramBotAPI puts them into the address, where 4,096 Cyrillic characters make 24 KiB that proxies refuse.
    One session a thread, its proxies looked up once: doing so for each call is a fifth of its processor time.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        self._proxies = getproxies()

    def __call__(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        return self._session().post(
            url, data=kwargs.get("params"), files=kwargs.get("files"), timeout=kwargs.get("timeout")
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.proxies = dict(self._proxies)
            session.mount("http://", HTTPAdapter(pool_connections=2, pool_maxsize=2))
            session.mount("https://", HTTPAdapter(pool_connections=2, pool_maxsize=2))
        return session


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise our errors for pyTelegramBotAPI's and requests'. The text of theirs may hold the token: it is dropped."""
    try:
        yield
    except apihelper.ApiTelegramException as error:
        raise _translate(error) from None
    except (apihelper.ApiHTTPException, apihelper.ApiInvalidJSONException):
        raise TelegramUnavailable("no answer of the Bot API") from None
    except requests.RequestException as error:
        raise TelegramUnavailable(type(error).__name__) from None


def _translate(error: apihelper.ApiTelegramException) -> TelegramError:
    description = str(error.description)
    if error.error_code == TOO_MANY:
        parameters = error.result_json.get("parameters") or {}
        return TooManyRequests(float(parameters.get("retry_after", DEFAULT_RETRY_AFTER_S)))
    if error.error_code >= FIRST_SERVER_ERROR or error.error_code in BAD_TOKEN:
        return TelegramUnavailable(description)
    for words, kind in REFUSALS:
        if words in description.lower():
            return kind(description)
    return ChatUnreachable(description) if error.error_code == FORBIDDEN else TelegramRefused(description)
