"""Make channels; what people do in them goes the way of all chats."""

from __future__ import annotations

from aiohttp import web

from sandbox.control.requests import answer, read_object, take, take_optional
from sandbox.telegram.channels import create_channel
from sandbox.world import World


class ChannelsApi:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/sandbox/api/channels", self.create)

    async def create(self, request: web.Request) -> web.Response:
        """Take {title, from, username?, chat_id?}; give {chat_id} of a channel without the bot."""
        body = await read_object(request)
        chat = create_channel(
            self._world,
            title=take(body, "title", str),
            owner=take(body, "from", dict),
            username=take_optional(body, "username", str),
            chat_id=take_optional(body, "chat_id", int),
        )
        await self._world.store.flush()
        return answer({"chat_id": chat.chat_id})
