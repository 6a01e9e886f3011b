"""Days that last as long as a test."""

from __future__ import annotations

from datetime import UTC, datetime

# Neither changes its clocks, and their midnights (18:30 and 9:30 UTC) are nine hours apart.
OFFSETS = {"Asia/Kolkata": "+0530", "Pacific/Marquesas": "-0930"}
HOURS_ABOUT_MIDNIGHT_IN_INDIA = range(14, 23)  # of UTC


def find_quiet_zone() -> str:
    """Return a time zone in which midnight is hours away, so that what a test counts is of one day."""
    east, west = OFFSETS
    return west if datetime.now(UTC).hour in HOURS_ABOUT_MIDNIGHT_IN_INDIA else east
