"""The chat page."""

from __future__ import annotations

from aiohttp import web

from sandbox.world import World


class ChatPage:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self.show)

    async def show(self, _request: web.Request) -> web.Response:
        return web.Response(text="sandbox")
