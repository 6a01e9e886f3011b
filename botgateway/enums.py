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
