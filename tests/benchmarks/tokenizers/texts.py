"""The texts that estimates are tested on, and how they are cut into pieces of the size of messages.

No weight was fitted to any of them. What stands in `texts/` was written for this purpose, the rest is generated.
"""

from __future__ import annotations

import base64
import json
import random
import re
import uuid
from pathlib import Path

TEXTS = Path(__file__).with_name("texts")
SEED = 20_261_121
GENERATED_LINES = 60
PIECE_SIZES = (100, 200, 400, 800, 1_400, 2_000)  # characters; a message of Telegram has up to 4,096
PIECE_START = re.compile(r"(?:^|(?<=[\n.?!:;。،]))\s*(?=\S)")

# Kind of text → its files in `texts/`, or the generator's name.
KINDS = {
    "Russian prose": "prose.ru",
    "Russian chat": "chat.ru",
    "English prose": "prose.en",
    "English chat": "chat.en",
    "code": "code",
    "JSON": "json",
    "figures": "figures",
    "Ukrainian": "prose.uk",
    "Belarusian": "prose.be",
    "Bulgarian": "prose.bg",
    "Serbian": "prose.sr",
    "Kazakh": "prose.kk",
    "German": "prose.de",
    "French": "prose.fr",
    "Arabic": "prose.ar",
    "Chinese": "prose.zh",
    "base64, keys": "keys",
}


def read_text(kind: str) -> str:
    """Return the text of a kind."""
    name = KINDS[kind]
    generate = {"json": generate_json, "figures": generate_figures, "keys": generate_keys}.get(name)
    if generate:
        return generate(random.Random(SEED))
    return (TEXTS / f"{name}.txt").read_text(encoding="utf-8")


def cut_pieces(text: str) -> list[str]:
    """Return the pieces of message size that begin with each sentence or line, as far as the text goes."""
    starts = [match.end() for match in PIECE_START.finditer(text)]
    pieces = (
        text[start : start + size] for start in starts for size in PIECE_SIZES if start + size <= len(text)
    )
    return [piece.strip() for piece in pieces]


def generate_json(dice: random.Random) -> str:
    words = ["reminder", "чай", "delivery", "врач", "meeting", "зонт", "invoice", "поезд", "garden", "ключи"]
    entries = [
        {
            "id": dice.randrange(10**6),
            "title": " ".join(dice.choices(words, k=3)),
            "due_at": f"2026-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}T{dice.randrange(24):02}:30:00Z",
            "is_done": dice.random() < 1 / 2,
            "tags": dice.sample(words, 2),
            "amount": round(dice.uniform(1, 9_000), 2),
            "note": None,
        }
        for _ in range(GENERATED_LINES // 3)
    ]
    compact = [json.dumps(entry, ensure_ascii=False) for entry in entries[::2]]
    return "\n".join([*compact, json.dumps(entries[1::2], ensure_ascii=False, indent=2)])


def generate_figures(dice: random.Random) -> str:
    return "\n".join(
        f"{_digits(dice, 2)}.{_digits(dice, 2)}.2026; {dice.uniform(10, 99_999):>9,.2f}; {dice.randrange(100)}%; "
        f"+7 {_digits(dice, 3)} {_digits(dice, 3)}-{_digits(dice, 2)}-{_digits(dice, 2)}"
        for _ in range(GENERATED_LINES)
    )


def _digits(dice: random.Random, length: int) -> str:
    return f"{dice.randrange(10**length):0{length}}"


def generate_keys(dice: random.Random) -> str:
    lines = []
    for _ in range(GENERATED_LINES // 6):
        lines.append(base64.b64encode(dice.randbytes(150)).decode())
        lines.append(str(uuid.UUID(int=dice.getrandbits(128))))
        lines.append(dice.randbytes(32).hex())
    return "\n".join(lines)
