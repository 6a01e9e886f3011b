from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def apply_post_ttl(**_: Any) -> None:
    """Give the TTL index of `channel_posts` the age that POST_TTL_DAYS asks for."""
    from digests.domain.posts import apply_ttl  # noqa: PLC0415 - models load after apps

    apply_ttl()


class DigestsConfig(AppConfig):
    name = "digests"
    verbose_name = _("Channels and digests")

    def ready(self) -> None:
        post_migrate.connect(apply_post_ttl, sender=self)
