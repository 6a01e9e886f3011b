"""How Telegram measures a message: in UTF-16 code units (core.telegram.org/api/entities#entity-length)."""

from __future__ import annotations

MESSAGE_LIMIT = 4_096  # core.telegram.org/bots/api#sendmessage, `text`


def utf16_length(text: str) -> int:
    """Count UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
