from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class UpdateStatus(TextChoices):
    PENDING = "pending", _("pending")
    ANSWERED = "answered", _("answered")
    IGNORED = "ignored", _("ignored")  # stored, but nothing that Butler answers
    PARKED = "parked", _("parked")  # given up after repeated failures; the person got an apology


class AccessState(TextChoices):
    PENDING = "pending", _("pending")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    BLOCKED = "blocked", _("blocked")


class AccessPolicy(TextChoices):
    OPEN = "open", _("open")
    APPROVAL = "approval", _("approval")


class DecisionSource(TextChoices):
    BUTTON = "button", _("button in Telegram")
    COMMAND = "command", "/admin"
    SITE = "site", _("admin site")


class NoticeStatus(TextChoices):
    PENDING = "pending", _("pending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")  # the chat cannot be reached, or Telegram refuses the message for good
    CANCELLED = "cancelled", _("cancelled")  # called off before it was sent


class BroadcastStatus(TextChoices):
    DRAFT = "draft", _("draft")
    FILING = "filing", _("filing")  # notices are being filed, person by person
    SENDING = "sending", _("sending")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
