"""Butler's phrases as they stand in the chat."""

from __future__ import annotations

from botgateway.delivery.splitting import render_parts
from botgateway.wording.phrase import Phrase, say


def shown(phrase: Phrase, *, language: str = "ru", **slots: object) -> str:
    """Return the text that Telegram shows for a phrase, without its markup."""
    (part,) = render_parts(say(phrase, language=language, **slots))
    return part.plain
