from __future__ import annotations

DATETIME_FORMAT = "d.m.Y H:i"
