"""Check reply markups as Telegram does (https://core.telegram.org/bots/api#inlinekeyboardmarkup)."""

from __future__ import annotations

from typing import Any

from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject

MAX_CALLBACK_DATA_BYTES = 64
MAX_INLINE_BUTTONS = 100
ACTIONS = (
    "callback_data",
    "url",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "copy_text",
    "pay",
)


def check_reply_markup(markup: Any) -> JsonObject | None:
    """Give the markup that stays on the message: an inline keyboard with buttons, or none.

    Raises BotApiError 400. Reply keyboards are accepted but are no part of a message.
    """
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be an Array of Arrays')
    kept = [[_check_button(button) for button in row] for row in rows if row]
    if sum(map(len, kept)) > MAX_INLINE_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _check_button(button: Any) -> JsonObject:
    if not isinstance(button, dict):
        raise _bad_button("InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise _bad_button('Can\'t find field "text"')
    if not button["text"].strip():
        raise bad_request("BUTTON_TEXT_EMPTY")
    if not any(action in button for action in ACTIONS):
        raise _bad_button("Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if "callback_data" in button and not (data and len(str(data).encode()) <= MAX_CALLBACK_DATA_BYTES):
        raise bad_request("BUTTON_DATA_INVALID")
    return dict(button)


def _bad_button(reason: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {reason}")
