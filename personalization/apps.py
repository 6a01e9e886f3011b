from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def apply_memory_ttl(**_: Any) -> None:
    """Give the TTL index of `user_memory` the age that MEMORY_TTL_DAYS asks for."""
    from personalization.domain.memory import apply_ttl  # noqa: PLC0415 - models load after apps

    apply_ttl()


class PersonalizationConfig(AppConfig):
    name = "personalization"
    verbose_name = _("Memory of people")

    def ready(self) -> None:
        post_migrate.connect(apply_memory_ttl, sender=self)
