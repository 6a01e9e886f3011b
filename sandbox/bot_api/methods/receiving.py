"""getUpdates, setWebhook, deleteWebhook, getWebhookInfo."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from urllib.parse import urlsplit

from sandbox.bot_api.parameters import Parameters
from sandbox.errors import BotApiError, bad_request
from sandbox.jsontypes import JsonObject
from sandbox.options import is_loopback
from sandbox.webhook import DEFAULT_CONNECTIONS, WebhookSettings
from sandbox.world import World

MAX_UPDATES = 100  # https://core.telegram.org/bots/api#getupdates
MAX_TIMEOUT_S = 50
MAX_CONNECTIONS = 100  # https://core.telegram.org/bots/api#setwebhook
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{0,256}")
WEBHOOK_IS_SET = (
    "Conflict: can't use getUpdates method while webhook is active;"
    " use deleteWebhook to delete the webhook first"
)
OTHER_GET_UPDATES = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
SET_WEBHOOK = "Conflict: terminated by setWebhook request"


async def get_updates(world: World, parameters: Parameters) -> list[JsonObject]:
    """Wait for updates; a newer call ends an older one with 409, as at Telegram."""
    if world.webhook.is_set:
        raise _conflict(WEBHOOK_IS_SET)
    _read_allowed_updates(world, parameters)
    world.updates.confirm_below(parameters.integer("offset"))
    limit = min(max(parameters.integer("limit", MAX_UPDATES), 1), MAX_UPDATES)
    timeout_s = min(max(parameters.integer("timeout"), 0), MAX_TIMEOUT_S)
    turn = world.poll_turn = object()
    world.updates.wake()
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not (found := world.updates.head(limit)):
        remaining_s = deadline - asyncio.get_running_loop().time()
        if remaining_s <= 0 or world.is_closing:
            break
        await world.updates.wait_for_arrival(remaining_s)
        if world.webhook.is_set:
            raise _conflict(SET_WEBHOOK)
        if world.poll_turn is not turn:
            raise _conflict(OTHER_GET_UPDATES)
    return [update.body for update in found]


async def set_webhook(world: World, parameters: Parameters) -> bool:
    """Set the webhook; the stand-in takes http as well, and loopback hosts only."""
    settings = _read_webhook(parameters)
    if parameters.boolean("drop_pending_updates"):
        world.updates.clear()
    _read_allowed_updates(world, parameters)
    if settings != world.webhook.settings:
        await world.webhook.change(settings)
    world.updates.wake()
    return True


async def delete_webhook(world: World, parameters: Parameters) -> bool:
    if parameters.boolean("drop_pending_updates"):
        world.updates.clear()
    if world.webhook.is_set:
        await world.webhook.change(WebhookSettings())
    return True


async def get_webhook_info(world: World, _parameters: Parameters) -> JsonObject:
    return world.webhook.view()


def _read_webhook(parameters: Parameters) -> WebhookSettings:
    url = parameters.text("url")
    if not url:
        return WebhookSettings()
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise bad_request("invalid webhook URL specified")
    if not is_loopback(address.hostname):
        raise bad_request("bad webhook: the sandbox delivers to loopback addresses only")
    secret = parameters.text("secret_token")
    if SECRET_TOKEN.fullmatch(secret) is None:
        raise bad_request("secret token contains unallowed characters")
    connections = parameters.integer("max_connections") or DEFAULT_CONNECTIONS
    return WebhookSettings(url, secret, min(max(connections, 1), MAX_CONNECTIONS))


def _read_allowed_updates(world: World, parameters: Parameters) -> None:
    """Keep the previous choice if the parameter is absent, as documented."""
    kinds = parameters.json("allowed_updates", "allowed_updates")
    if kinds is None:
        return
    if not isinstance(kinds, list):
        raise bad_request("expected an Array of String as allowed_updates")
    wanted = [str(kind) for kind in kinds]
    if wanted != world.updates.allowed:
        world.updates.allow(wanted)


def _conflict(description: str) -> BotApiError:
    return BotApiError(HTTPStatus.CONFLICT, description)
