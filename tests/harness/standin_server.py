"""Serves a scripted model beside the paths by which a test controls it.

Control, all JSON:
    POST   /control/script    list of behaviours, taken in order; DELETE forgets them
    POST   /control/release   lets answers go on that are held
    POST   /control/settings  {"first_token_s", "chunk_s", "words", "models"}; `models`: names or entries to list
    GET    /control/requests  {"recorded", "requests"}: how many were, and of all but the first `?after=` what is
                              kept (body, path, headers, times); DELETE forgets them and the counters
    GET    /control/stats     counters
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from aiohttp import web

from tests.harness.llm_standin_process import STARTED
from tests.harness.scripted_model import ScriptedModel

LARGEST_REQUEST = 64 * 1024 * 1024


def build_app(model: ScriptedModel) -> web.Application:
    """Return the vendor's paths and those of the control."""

    async def extend_script(request: web.Request) -> web.Response:
        behaviours = await request.json()
        try:
            model.extend_script(behaviours if isinstance(behaviours, list) else [behaviours])
        except ValueError as error:
            raise web.HTTPBadRequest(reason=str(error)) from error
        return web.json_response({"scripted": len(model.script)})

    async def forget_script(request: web.Request) -> web.Response:
        model.script.clear()
        return web.json_response({})

    async def change_settings(request: web.Request) -> web.Response:
        model.settings |= await request.json()
        return web.json_response(model.settings)

    async def release(request: web.Request) -> web.Response:
        model.release()
        return web.json_response({})

    async def get_requests(request: web.Request) -> web.Response:
        asked = model.list_requests(after=int(request.query.get("after", 0)))
        return web.json_response({"recorded": model.recorded, "requests": asked})

    async def forget_requests(request: web.Request) -> web.Response:
        model.forget_requests()
        model.stats.clear()
        return web.json_response({})

    async def get_stats(request: web.Request) -> web.Response:
        return web.json_response(model.stats)

    app = web.Application(client_max_size=LARGEST_REQUEST)
    model.add_routes(app.router)
    app.router.add_post("/control/script", extend_script)
    app.router.add_delete("/control/script", forget_script)
    app.router.add_post("/control/release", release)
    app.router.add_post("/control/settings", change_settings)
    app.router.add_get("/control/requests", get_requests)
    app.router.add_delete("/control/requests", forget_requests)
    app.router.add_get("/control/stats", get_stats)
    return app


async def serve(app: web.Application, *, host: str, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound_port = runner.addresses[0][1]
    print(f"{STARTED}http://{host}:{bound_port}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def option_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser of what every stand-in can be told; a vendor adds its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-s", type=float, default=0.0)
    parser.add_argument("--chunk-s", type=float, default=0.0)
    parser.add_argument("--words", type=int, default=0, help="pad default answers to so many words")
    parser.add_argument("--api-key", default="", help="refuse requests with another key")
    return parser


def run(model: ScriptedModel, *, host: str, port: int) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(build_app(model), host=host, port=port))
