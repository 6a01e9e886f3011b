from __future__ import annotations

from django.db.models import TextChoices


class Language(TextChoices):
    RUSSIAN = "ru", "русский"
    ENGLISH = "en", "English"


class MemoryRole(TextChoices):
    USER = "user", "user"
    ASSISTANT = "assistant", "assistant"


class MemorySource(TextChoices):
    TEXT = "text", "text"
    VOICE = "voice", "voice"
    FILE = "file", "file"
