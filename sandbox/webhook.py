"""Deliver updates to the bot's webhook (https://core.telegram.org/bots/api#setwebhook)."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus

import aiohttp

from sandbox.jsontypes import JsonObject, encode
from sandbox.store import Store
from sandbox.telegram.updates import Update, UpdateQueue

logger = logging.getLogger(__name__)

DEFAULT_CONNECTIONS = 40
REQUEST_TIMEOUT_S = 30.0
# Telegram waits longer; these keep tests of redelivery quick.
FIRST_RETRY_S = 0.2
LONGEST_RETRY_S = 5.0
AUTHENTICITY_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    url: str = ""
    secret_token: str = ""
    max_connections: int = DEFAULT_CONNECTIONS


class Webhook:
    """Post queued updates: one per chat at a time and in order, chats in parallel, until a 2xx answer."""

    def __init__(self, store: Store, updates: UpdateQueue) -> None:
        self._store = store
        self._updates = updates
        saved = dict(store.load("webhook")).get("settings")
        self.settings = WebhookSettings(**saved) if saved else WebhookSettings()
        self.last_error_at: float | None = None
        self.last_error_message = ""
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._dispatcher: asyncio.Task[None] | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.settings.url)

    async def start(self) -> None:
        """Begin delivery if a webhook is set."""
        if not self.is_set:
            return
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
            headers={"Content-Type": "application/json"},
        )
        self._dispatcher = asyncio.create_task(self._dispatch(), name="webhook")

    async def stop(self) -> None:
        """Stop delivery; what was not answered stays queued."""
        tasks = [task for task in (self._dispatcher, *self._lanes.values()) if task is not None]
        self._dispatcher = None
        self._lanes = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def change(self, settings: WebhookSettings) -> None:
        """Set or, with an empty URL, delete the webhook."""
        await self.stop()
        self.settings = settings
        self.last_error_at, self.last_error_message = None, ""
        self._store.put("webhook", "settings", asdict(settings))
        await self.start()

    def view(self) -> JsonObject:
        """Build the WebhookInfo object (https://core.telegram.org/bots/api#webhookinfo)."""
        view: JsonObject = {
            "url": self.settings.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if self.is_set:
            view |= {"max_connections": self.settings.max_connections, "ip_address": "127.0.0.1"}
        if self.last_error_at is not None:
            view |= {
                "last_error_date": int(self.last_error_at),
                "last_error_message": self.last_error_message,
            }
        if self._updates.allowed:
            view["allowed_updates"] = self._updates.allowed
        return view

    async def _dispatch(self) -> None:
        """Keep one task per chat with pending updates."""
        connections = asyncio.Semaphore(self.settings.max_connections)
        while True:
            for lane in self._updates.lanes():
                if lane not in self._lanes:
                    self._lanes[lane] = asyncio.create_task(self._deliver_lane(lane, connections))
            await self._updates.wait_for_arrival(None)

    async def _deliver_lane(self, lane: str, connections: asyncio.Semaphore) -> None:
        delay = FIRST_RETRY_S
        while (update := self._updates.first_of(lane)) is not None:
            async with connections:
                is_delivered = await self._post(update)
            if is_delivered:
                self._updates.confirm(update)
                await self._store.flush()
                delay = FIRST_RETRY_S
            else:
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_RETRY_S)
        # No await since the lane was seen empty, so an arrival after this finds no task and starts one.
        self._lanes.pop(lane, None)

    async def _post(self, update: Update) -> bool:
        if self._session is None:
            return False
        headers = {AUTHENTICITY_HEADER: self.settings.secret_token} if self.settings.secret_token else {}
        try:
            async with self._session.post(
                self.settings.url, data=encode(update.body), headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                    return True
                reason = f"Wrong response from the webhook: {response.status} {response.reason}"
        except TimeoutError:
            reason = "Read timeout expired"
        except aiohttp.ClientError as error:
            reason = f"Connection failed: {type(error).__name__}"
        self.last_error_at, self.last_error_message = time.time(), reason
        logger.warning("update %d not delivered: %s", update.update_id, reason)
        return False
