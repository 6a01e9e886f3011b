"""What the processes write: all of it to files, to the terminal only what a person should see."""

from __future__ import annotations

import json
import logging
from collections import deque
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LIMIT_BYTES = 10_000_000
KEPT_FILES = 3
TAIL_LINES = 20
SHOWN_LEVELS = frozenset({"warning", "error", "critical"})
OWN_FIELDS = frozenset({"event", "level", "logger", "timestamp", "exception", "stack"})


class Journal:
    """The log of one process: a file in `log_dir`, and its last lines at hand for an error message."""

    def __init__(self, name: str, log_dir: Path) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self.path = log_dir / f"{name}.log"
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._name = name
        self._file = RotatingFileHandler(
            self.path, maxBytes=LIMIT_BYTES, backupCount=KEPT_FILES, encoding="utf-8", errors="replace"
        )

    def write(self, line: str) -> None:
        self.tail.append(line)
        self._file.handle(logging.makeLogRecord({"name": self._name, "msg": line}))

    def close(self) -> None:
        self._file.close()


def summarise(line: str) -> str | None:
    """Return what of a structured log line is worth the terminal; None for anything below a warning."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    level = str(fields.get("level")) if isinstance(fields, dict) else ""
    if level not in SHOWN_LEVELS:
        return None
    return " ".join([level.upper(), str(fields.get("event", "")), *_pairs(fields)])


def _pairs(fields: dict[str, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in fields.items() if name not in OWN_FIELDS]
