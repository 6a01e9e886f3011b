"""What the supervisor tells the person at the terminal."""

from __future__ import annotations


class StartError(RuntimeError):
    """Butler cannot start, or had to stop; the message is for a person and says what to change."""
