"""Health: is the process alive, and are the parts it needs within reach?"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from redis import Redis

from llm.catalogue_refresh import is_any_there
from llm.errors import Unavailable
from llm.registry import configured_registry

log = structlog.get_logger(__name__)

TIMEOUT_S = 3


def show_liveness(_request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers; asks nobody else."""
    return JsonResponse({"status": "ok"})


def show_readiness(_request: HttpRequest) -> JsonResponse:
    """200 when database, broker and language model answer, 503 otherwise, with the state of each."""
    parts = {name: is_within_reach(name, check) for name, check in CHECKS.items()}
    is_ready = all(parts.values())
    states = {name: "ok" if is_up else "unavailable" for name, is_up in parts.items()}
    return JsonResponse(
        {"status": "ok" if is_ready else "unavailable", **states}, status=200 if is_ready else 503
    )


def is_within_reach(name: str, check: Callable[[], object]) -> bool:
    """Return whether a check passes; why it did not is logged, not shown."""
    try:
        check()
    except Exception as error:
        log.warning("part unavailable", part=name, error=type(error).__name__)
        return False
    return True


def check_database() -> None:
    connection.ensure_connection()
    connection.connection.admin.command("ping")


def check_broker() -> None:
    with Redis.from_url(
        settings.CELERY_BROKER_URL, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S
    ) as redis:
        redis.ping()


def check_llm() -> None:
    """Ask whoever may answer those who have not chosen. Raises `Unavailable` if nobody is there in time."""
    registry = configured_registry()
    providers = {asked.provider.name: asked.provider for asked in (registry.house, *registry.fallback)}
    if not is_any_there(list(providers.values()), timeout_s=TIMEOUT_S):
        raise Unavailable("neither it nor a fallback answers", provider=registry.house.provider.name)


CHECKS: dict[str, Callable[[], None]] = {"database": check_database, "broker": check_broker, "llm": check_llm}
