"""What Butler knows of people, for staff."""

from __future__ import annotations

from personalization.admin import compressions, files, memory, profiles

__all__ = ["compressions", "files", "memory", "profiles"]
