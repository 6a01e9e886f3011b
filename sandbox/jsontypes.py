"""Names for decoded JSON."""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]
JsonArray = list[Any]


def encode(body: Any) -> str:
    """Encode to ASCII JSON, so lone surrogates and NULs survive any transport and SQLite."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":"))
