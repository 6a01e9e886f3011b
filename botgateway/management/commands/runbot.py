"""Run the bot: by webhook where a public address is configured, by long polling elsewhere."""

from __future__ import annotations

import json
import signal
import threading
import uuid
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from pymongo.errors import PyMongoError

import tracing
from botgateway.delivery.telegram import TelegramClient, telegram_client
from botgateway.domain.inbox import accept_update
from botgateway.errors import TelegramError, TooManyRequests
from botgateway.handlers.menus import register_menus
from botgateway.metrics_server import serve_metrics
from botgateway.tasks import act_on
from botgateway.urls import WEBHOOK_PATH

log = structlog.get_logger(__name__)

POLL_TIMEOUT_S = 25
PAUSE_AFTER_FAILURE_S = 2.0
WEBHOOK_CHECK_INTERVAL_S = 60.0


class Command(BaseCommand):
    help = "Run the Telegram bot."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--polling", action="store_true", help="long polling, whatever WEBHOOK_BASE_URL says"
        )
        parser.add_argument(
            "--ping", action="store_true", help="check configuration, database and broker, and exit"
        )

    def handle(self, *, polling: bool, ping: bool, **_: Any) -> None:
        if ping:
            self._ping()
            return
        self._stopping = threading.Event()
        self._is_polling = False
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._stop)
        serve_metrics(settings.BOT_METRICS_PORT)
        client = telegram_client()
        self._insist(lambda: register_menus(client))
        if settings.WEBHOOK_BASE_URL and not polling:
            self._keep_webhook(client)
        else:
            self._poll(client)

    def _stop(self, *_: object) -> None:
        """End after the step under way; waiting for updates is given up at once, nothing is in hand then."""
        self._stopping.set()
        if self._is_polling:
            raise SystemExit(0)

    def _ping(self) -> None:
        """Exit 0 when the configuration is sound and database and broker answer."""
        self.check()
        for part, check in (("database", _ping_database), ("broker", _ping_broker)):
            try:
                check()
            except Exception as error:
                raise CommandError(f"{part} unavailable: {type(error).__name__}") from error
        self.stdout.write("Bot ready")

    def _keep_webhook(self, client: TelegramClient) -> None:
        """Register the webhook, and again whenever Telegram has another address."""
        url = f"{settings.WEBHOOK_BASE_URL.rstrip('/')}/{WEBHOOK_PATH}"
        self._insist(lambda: client.set_webhook(url, secret=settings.WEBHOOK_SECRET))
        log.info("webhook registered", url=url)
        while not self._stopping.wait(WEBHOOK_CHECK_INTERVAL_S):
            self._insist(lambda: _restore_webhook(client, url))

    def _poll(self, client: TelegramClient) -> None:
        """Fetch updates and store each before the next request confirms it."""
        self._insist(client.delete_webhook)
        log.info("polling")
        offset = 0
        while not self._stopping.is_set():
            try:
                for update in self._wait_for_updates(client, offset):
                    _store(update)
                    offset = update["update_id"] + 1
            except (TelegramError, DatabaseError, PyMongoError) as error:
                log.warning("polling failed", error=type(error).__name__)
                self._stopping.wait(_pause(error))

    def _wait_for_updates(self, client: TelegramClient, offset: int) -> list[dict[str, Any]]:
        self._is_polling = True
        try:
            return client.get_updates(offset=offset, timeout_s=POLL_TIMEOUT_S)
        finally:
            self._is_polling = False

    def _insist(self, call: Any) -> None:
        """Make a call of the Bot API until it succeeds or the bot is stopped."""
        while not self._stopping.is_set():
            try:
                call()
            except TelegramError as error:
                log.warning("Telegram unavailable", error=type(error).__name__, detail=str(error))
                self._stopping.wait(_pause(error))
            else:
                return


def _restore_webhook(client: TelegramClient, url: str) -> None:
    info = client.get_webhook_info()
    if info.get("last_error_message"):
        log.warning(
            "webhook troubled", detail=info["last_error_message"], pending=info.get("pending_update_count")
        )
    if info.get("url") != url:
        client.set_webhook(url, secret=settings.WEBHOOK_SECRET)
        log.warning("webhook registered again")


def _store(update: dict[str, Any]) -> None:
    trace_id = uuid.uuid4().hex
    with (
        structlog.contextvars.bound_contextvars(trace_id=trace_id),
        tracing.span("accept update", trace_id=trace_id, update_id=update["update_id"]),
    ):
        acceptance = accept_update(update, payload=json.dumps(update), trace_id=trace_id)
        act_on(acceptance)


def _pause(error: Exception) -> float:
    return error.retry_after_s if isinstance(error, TooManyRequests) else PAUSE_AFTER_FAILURE_S


def _ping_database() -> None:
    connection.ensure_connection()
    connection.connection.admin.command("ping")


def _ping_broker() -> None:
    with current_app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
