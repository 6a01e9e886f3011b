"""What an answer leaves with its update when it has to wait for its turn at Telegram."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import blake2b

from botgateway.domain.buttons import Keyboard, keyboard_as_json

MARK_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`text` is the whole answer in Markdown, empty where its handler is to make it again; `preface` comes before it.

    `marks` tell what stands in each message that is there already. Editing one for nothing would take the place in
    the queue that its successor needs.
    """

    text: str = ""
    preface: str = ""
    marks: tuple[str, ...] = ()


def read_kept(stored: str) -> Kept:
    """Return what `write_kept` stored, nothing for an empty text."""
    found = json.loads(stored) if stored else {}
    return Kept(**{**found, "marks": tuple(found.get("marks", ()))})


def write_kept(kept: Kept) -> str:
    return json.dumps(asdict(kept))


def mark_of(html: str, keyboard: Keyboard) -> str:
    """Return a short mark of a message's content."""
    content = f"{html}\0{keyboard_as_json(keyboard)}".encode("utf-8", "replace")
    return blake2b(content, digest_size=MARK_BYTES).hexdigest()
