"""Inline keyboards as data: rows of buttons, each of which carries what its press means."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

DATA_MAX_BYTES = 64  # core.telegram.org/bots/api#inlinekeyboardbutton
SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class Button:
    """`text` is what stands on it, `action` what a press means: `<area>:<argument>:…`."""

    text: str
    action: str


Keyboard = tuple[tuple[Button, ...], ...]


def write_action(area: str, *arguments: object) -> str:
    """Join an action. Raises `ValueError` when Telegram would not carry it."""
    action = SEPARATOR.join((area, *map(str, arguments)))
    if len(action.encode()) > DATA_MAX_BYTES:
        raise ValueError(f"an action of {len(action.encode())} bytes: at most {DATA_MAX_BYTES}")
    return action


def read_action(action: str) -> tuple[str, list[str]]:
    """Return area and arguments; whatever a client sends has both."""
    area, *arguments = action.split(SEPARATOR)
    return area, arguments


def keyboard_as_json(keyboard: Sequence[Sequence[Button]]) -> str:
    """Write an InlineKeyboardMarkup (core.telegram.org/bots/api#inlinekeyboardmarkup); empty text for no buttons."""
    rows = [
        [{"text": button.text, "callback_data": button.action} for button in row] for row in keyboard if row
    ]
    return json.dumps({"inline_keyboard": rows}, ensure_ascii=False) if rows else ""


def keyboard_from_json(text: str) -> Keyboard:
    """Read what `keyboard_as_json` wrote."""
    if not text:
        return ()
    rows = json.loads(text)["inline_keyboard"]
    return tuple(tuple(Button(button["text"], button["callback_data"]) for button in row) for row in rows)
