"""The webhook: the only door for Telegram."""

from __future__ import annotations

import hmac
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pymongo.errors import PyMongoError

import tracing
from botgateway.domain.inbox import accept_update
from botgateway.domain.updates import parse_update
from botgateway.errors import MalformedUpdate
from botgateway.tasks import act_on

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - core.telegram.org/bots/api#setwebhook


@csrf_exempt
@require_POST
def receive_update(request: HttpRequest) -> HttpResponse:
    """Store an update, then acknowledge it.

    403 without the secret, 413 over the size limit, 400 for what is no update; 503 when it could not be stored, so
    that Telegram delivers it again.
    """
    if not _is_from_telegram(request):
        log.warning("webhook refused", reason="secret")
        return HttpResponse(status=403)
    try:
        body = _read_body(request)
        update = parse_update(body)
    except RequestDataTooBig:
        log.warning("webhook refused", reason="size")
        return HttpResponse(status=413)
    except MalformedUpdate as error:
        log.warning("webhook refused", reason=str(error))
        return HttpResponse(status=400)
    trace_id: str = request.trace_id  # type: ignore[attr-defined]
    with tracing.span("accept update", trace_id=trace_id, update_id=update["update_id"]):
        return _accept(update, body, trace_id)


def _accept(update: dict[str, Any], body: bytes, trace_id: str) -> HttpResponse:
    try:
        acceptance = accept_update(update, payload=body.decode(), trace_id=trace_id)
    except (DatabaseError, PyMongoError) as error:
        log.warning("update not stored", update_id=update["update_id"], error=type(error).__name__)
        tracing.note_failure()
        return HttpResponse(status=503)
    act_on(acceptance)
    return HttpResponse(status=200)


def _is_from_telegram(request: HttpRequest) -> bool:
    given = request.headers.get(SECRET_HEADER, "")
    return hmac.compare_digest(given.encode(), settings.WEBHOOK_SECRET.encode())


def _read_body(request: HttpRequest) -> bytes:
    """Raises `RequestDataTooBig` before more than the limit has been read."""
    if int(request.headers.get("Content-Length") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    return request.body
