from __future__ import annotations

DATETIME_FORMAT = "Y-m-d H:i"
