from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ChannelState(TextChoices):
    FOUND = "found", _("waits to be switched on")  # the bot is a member; nothing is read yet
    ON = "on", _("read")
    OFF = "off", _("not read")
    LEFT = "left", _("has thrown the bot out")


class ChannelNews(TextChoices):
    """What has become of a channel, for the admins."""

    FOUND = "found", _("waits to be switched on")
    DECIDED = "decided", _("switched on or off")
    LEFT = "left", _("has thrown the bot out")
    BACK = "back", _("has taken the bot in again")


class PostSource(TextChoices):
    TELEGRAM = "telegram", _("Telegram")
    EXPORT = "export", _("Telegram Desktop's export")
    SYNTHETIC = "synthetic", _("synthetic")


class DigestStatus(TextChoices):
    WRITTEN = "written", _("written")
    EMPTY = "empty", _("nothing was posted")
    FAILED = "failed", _("could not be written")


class ReviewStatus(TextChoices):
    REVIEWED = "reviewed", _("reviewed")
    INVALID = "invalid", _("the reviewer's answer could not be read")
    FAILED = "failed", _("the reviewer gave no answer")
