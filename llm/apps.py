from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def apply_exchange_ttl(**_: Any) -> None:
    """Give the TTL index of `llm_exchanges` the age that EXCHANGE_TTL_DAYS asks for."""
    from llm.exchanges import apply_ttl  # noqa: PLC0415 - models load after apps

    apply_ttl()


class LLMConfig(AppConfig):
    name = "llm"
    verbose_name = _("Language models")

    def ready(self) -> None:
        post_migrate.connect(apply_exchange_ttl, sender=self)
