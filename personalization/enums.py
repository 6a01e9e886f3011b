from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Language(TextChoices):
    RUSSIAN = "ru", "русский"
    ENGLISH = "en", "English"


class MemoryRole(TextChoices):
    USER = "user", _("user")
    ASSISTANT = "assistant", _("assistant")


class MemorySource(TextChoices):
    TEXT = "text", _("text")
    VOICE = "voice", _("voice")
    FILE = "file", _("file")
