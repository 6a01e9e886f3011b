from __future__ import annotations

import sys
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def apply_span_ttl(**_: Any) -> None:
    """Give the TTL index of `spans` the age that SPAN_TTL_DAYS asks for."""
    from observability.spans.keeping import apply_ttl  # noqa: PLC0415 - models load after apps

    apply_ttl()


class ObservabilityConfig(AppConfig):
    name = "observability"
    verbose_name = _("Traces and figures")

    def ready(self) -> None:
        from observability.spans.process import find_process_name  # noqa: PLC0415
        from observability.spans.provider import start_tracing  # noqa: PLC0415

        post_migrate.connect(apply_span_ttl, sender=self)
        start_tracing(find_process_name(sys.argv))
