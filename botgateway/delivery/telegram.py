"""The Bot API as Butler uses it, through pyTelegramBotAPI; its errors are translated here, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from django.conf import settings
from telebot import apihelper
from telebot.types import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    ReplyParameters,
)

import tracing
from botgateway import metrics
from botgateway.delivery.connection import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, connection
from botgateway.domain.buttons import Keyboard, keyboard_as_json
from botgateway.domain.updates import HANDLED_KINDS
from botgateway.errors import (
    ChatUnreachable,
    FileTooBig,
    MarkupRejected,
    MessageGone,
    MessageNotModified,
    PressOutdated,
    TelegramError,
    TelegramRefused,
    TelegramUnavailable,
    TooManyRequests,
)

T = TypeVar("T")

HTML = "HTML"
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
    ("file is too big", FileTooBig),
    ("query is too old", PressOutdated),
    ("chat not found", ChatUnreachable),
    ("user is deactivated", ChatUnreachable),
)


class CommandScope(Enum):
    EVERYBODY = auto()
    GROUPS = auto()


SCOPES: dict[CommandScope, Callable[[], BotCommandScope]] = {
    CommandScope.EVERYBODY: BotCommandScopeDefault,
    CommandScope.GROUPS: BotCommandScopeAllGroupChats,
}


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
        process_wide.CUSTOM_REQUEST_SENDER = connection()

    def send_message(
        self, chat_id: int, text: str, *, is_html: bool, keyboard: Keyboard = (), reply_to_message_id: int = 0
    ) -> int:
        """Send a message and return its id. What it replies to may be gone: it is sent all the same."""
        sent = self._call(
            "sendMessage",
            lambda: apihelper.send_message(
                self._token,
                chat_id,
                text,
                parse_mode=HTML if is_html else None,
                reply_markup=keyboard_as_json(keyboard) or None,
                reply_parameters=_reply_to(reply_to_message_id),
            ),
        )
        return int(sent["message_id"])

    def edit_message(
        self, chat_id: int, message_id: int, text: str, *, is_html: bool, keyboard: Keyboard = ()
    ) -> None:
        """Replace a message's text and buttons; without a keyboard it loses the one it has."""
        self._call(
            "editMessageText",
            lambda: apihelper.edit_message_text(
                self._token,
                text,
                chat_id=chat_id,
                message_id=message_id,
                parse_mode=HTML if is_html else None,
                reply_markup=keyboard_as_json(keyboard) or None,
            ),
        )

    def send_document(self, chat_id: int, content: bytes, *, name: str, caption: str = "") -> int:
        """Send a file and return the message's id; `caption` is plain text."""
        sent = self._call(
            "sendDocument",
            lambda: apihelper.send_data(
                self._token,
                chat_id,
                content,
                "document",
                caption=caption or None,
                visible_file_name=name,
                disable_content_type_detection=True,
            ),
        )
        return int(sent["message_id"])

    def delete_message(self, chat_id: int, message_id: int) -> None:
        self._call("deleteMessage", lambda: apihelper.delete_message(self._token, chat_id, message_id))

    def answer_press(self, query_id: str, text: str = "") -> None:
        """End the wait that a pressed button shows, with a short plain text if there is one to show."""
        self._call(
            "answerCallbackQuery",
            lambda: apihelper.answer_callback_query(self._token, query_id, text=text or None),
        )

    def download_file(self, file_id: str, target: Path, *, max_bytes: int) -> None:
        """Write a file's content to `target`. Raises `FileTooBig` beyond `max_bytes` or what Telegram hands out."""
        with tracing.span("download file"):
            found = self._call("getFile", lambda: apihelper.get_file(self._token, file_id))
            url = str(apihelper.FILE_URL).format(self._token, quote(str(found.get("file_path", ""))))
            self._call("download", lambda: connection().save(url, target, max_bytes=max_bytes))

    @cached_property
    def _own(self) -> dict[str, Any]:
        return dict(self._call("getMe", lambda: apihelper.get_me(self._token)))

    @property
    def username(self) -> str:
        """The bot's own name, in lower case, without the @."""
        return str(self._own.get("username", "")).lower()

    @property
    def bot_id(self) -> str:
        return str(self._own.get("id", ""))

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
                self._token,
                offset=offset,
                limit=100,
                long_polling_timeout=timeout_s,
                allowed_updates=list(HANDLED_KINDS),
            ),
        )

    def set_webhook(self, url: str, *, secret: str) -> None:
        self._call(
            "setWebhook",
            lambda: apihelper.set_webhook(
                self._token, url=url, secret_token=secret, allowed_updates=list(HANDLED_KINDS)
            ),
        )

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
        scope: CommandScope = CommandScope.EVERYBODY,
        chat_id: int | None = None,
    ) -> None:
        """Register (command, description) pairs for a scope, or for one chat; without a language for all."""
        menu = [BotCommand(command, description) for command, description in commands]
        where = BotCommandScopeChat(chat_id) if chat_id is not None else SCOPES[scope]()
        self._call(
            "setMyCommands",
            lambda: apihelper.set_my_commands(self._token, menu, scope=where, language_code=language),
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


def _reply_to(message_id: int) -> ReplyParameters | None:
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id else None


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
