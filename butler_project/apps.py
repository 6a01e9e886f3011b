from __future__ import annotations

from django.apps import AppConfig


class ButlerProjectConfig(AppConfig):
    name = "butler_project"

    def ready(self) -> None:
        # Here and not in the package's __init__: the embedded servers are started without loading Celery.
        from butler_project import celery, checks  # noqa: F401, PLC0415
