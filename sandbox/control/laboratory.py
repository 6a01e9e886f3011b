"""The test's side: calls, pending updates, faults, limits, events."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from sandbox.control.requests import answer, query_number, read_object
from sandbox.jsontypes import JsonObject, encode
from sandbox.world import World

HEARTBEAT_S = 15.0  # keeps the connection of a quiet chat open and finds out who has gone


class LaboratoryApi:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/sandbox/api/calls", self.list_calls)
        router.add_delete("/sandbox/api/calls", self.clear_calls)
        router.add_get("/sandbox/api/stats", self.show_stats)
        router.add_get("/sandbox/api/pending", self.list_pending)
        router.add_get("/sandbox/api/faults", self.list_faults)
        router.add_post("/sandbox/api/faults", self.order_fault)
        router.add_delete("/sandbox/api/faults", self.clear_faults)
        router.add_get("/sandbox/api/limits", self.show_limits)
        router.add_post("/sandbox/api/limits", self.change_limits)
        router.add_get("/sandbox/api/events", self.stream_events)

    async def list_calls(self, request: web.Request) -> web.Response:
        """Give {calls}, filtered by `?method=` and `?chat_id=`."""
        chat_id = query_number(request, "chat_id")
        return answer(
            {"calls": self._world.calls.view(method=request.query.get("method", ""), chat_id=chat_id)}
        )

    async def clear_calls(self, _request: web.Request) -> web.Response:
        self._world.calls.clear()
        return answer({"ok": True})

    async def show_stats(self, _request: web.Request) -> web.Response:
        """Give {methods: {name: {total, by_status}}, pending}."""
        return answer({"methods": self._world.calls.stats(), "pending": len(self._world.updates)})

    async def list_pending(self, _request: web.Request) -> web.Response:
        """Give {updates}: what the bot has not confirmed, in order of arrival."""
        return answer({"updates": [update.body for update in self._world.updates.pending()]})

    async def list_faults(self, _request: web.Request) -> web.Response:
        return answer({"faults": self._world.faults.view()})

    async def order_fault(self, request: web.Request) -> web.Response:
        """Take the fields of Fault, `kind` required; give the order."""
        return answer(self._world.faults.order(await read_object(request)).view())

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._world.faults.clear()
        return answer({"ok": True})

    async def show_limits(self, _request: web.Request) -> web.Response:
        return answer(self._world.limiter.settings.view())

    async def change_limits(self, request: web.Request) -> web.Response:
        """Take any fields of LimitSettings; what was used up so far is forgotten."""
        self._world.limiter.settings.change(await read_object(request))
        self._world.limiter.reset()
        return answer(self._world.limiter.settings.view())

    async def stream_events(self, request: web.Request) -> web.StreamResponse:
        """Stream Server-Sent Events of `?chat_id=`, or of all chats; `data` is the event as JSON."""
        chat_id = query_number(request, "chat_id")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._world.events.reading(chat_id) as events, suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            await self._pass_on(events, response)
        return response

    async def _pass_on(self, events: asyncio.Queue[JsonObject | None], response: web.StreamResponse) -> None:
        """Write events until the end of them or of the connection (ConnectionResetError)."""
        while not self._world.is_closing:
            try:
                event = await asyncio.wait_for(events.get(), HEARTBEAT_S)
            except TimeoutError:
                await response.write(b":\n\n")
                continue
            if event is None:
                return
            await response.write(f"data: {encode(event)}\n\n".encode())
