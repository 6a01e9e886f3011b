from __future__ import annotations

from django.db.models import TextChoices


class UpdateStatus(TextChoices):
    PENDING = "pending", "pending"
    ANSWERED = "answered", "answered"
    IGNORED = "ignored", "ignored"  # stored, but nothing that Butler answers
    PARKED = "parked", "parked"  # given up after repeated failures; the person got an apology


class AccessState(TextChoices):
    PENDING = "pending", "pending"
    APPROVED = "approved", "approved"
    REFUSED = "refused", "refused"
    BLOCKED = "blocked", "blocked"


class AccessPolicy(TextChoices):
    OPEN = "open", "open"
    APPROVAL = "approval", "approval"


class DecisionSource(TextChoices):
    BUTTON = "button", "button in Telegram"
    COMMAND = "command", "/admin"
    SITE = "site", "admin site"


class NoticeStatus(TextChoices):
    PENDING = "pending", "pending"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"  # the chat cannot be reached, or Telegram refuses the message for good
    CANCELLED = "cancelled", "cancelled"  # called off before it was sent


class BroadcastStatus(TextChoices):
    DRAFT = "draft", "draft"
    FILING = "filing", "filing"  # notices are being filed, person by person
    SENDING = "sending", "sending"
    DONE = "done", "done"
    CANCELLED = "cancelled", "cancelled"
