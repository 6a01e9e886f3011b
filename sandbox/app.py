"""Put the parts together as one aiohttp application."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.bot_api.endpoint import BotApi
from sandbox.control.channels import ChannelsApi
from sandbox.control.laboratory import LaboratoryApi
from sandbox.control.members import MembersApi
from sandbox.control.people import PeopleApi
from sandbox.control.requests import answer
from sandbox.errors import BotApiError, ControlError
from sandbox.guard import guard_against_other_sites
from sandbox.page import STATIC_PATH, ChatPage
from sandbox.telegram.files import MAX_UPLOAD_BYTES, MEBIBYTE
from sandbox.world import World

# A little above the limit of the Bot API, so that a file just over it gets the Bot API's own refusal.
MAX_BODY_BYTES = MAX_UPLOAD_BYTES + 14 * MEBIBYTE


def build_app(world: World) -> web.Application:
    """Build the application; it starts and stops webhook delivery and closes the store."""
    app = web.Application(
        client_max_size=MAX_BODY_BYTES, middlewares=[guard_against_other_sites, _answer_refusals]
    )
    for kind in (BotApi, PeopleApi, MembersApi, ChannelsApi, LaboratoryApi, ChatPage):
        kind(world).add_routes(app.router)

    async def run_webhook(_app: web.Application) -> AsyncIterator[None]:
        await world.webhook.start()
        yield
        await world.webhook.stop()
        world.store.close()

    async def end_waiting(_app: web.Application) -> None:
        world.is_closing = True
        world.updates.wake()
        world.events.close()

    app.on_response_prepare.append(_ask_for_freshness)
    app.cleanup_ctx.append(run_webhook)
    app.on_shutdown.append(end_waiting)
    return app


@web.middleware
async def _answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ControlError as refusal:
        return answer({"error": refusal.description}, refusal.status)
    except BotApiError as refusal:
        return answer({"error": refusal.description}, refusal.code)


async def _ask_for_freshness(request: web.Request, response: web.StreamResponse) -> None:
    """Let browsers ask whether a static file has changed: the page's modules must fit each other."""
    if request.path.startswith(STATIC_PATH):
        response.headers["Cache-Control"] = "no-cache"
