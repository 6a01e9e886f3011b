"""Keep other web sites out: the stand-in has no passwords, so only this machine may talk to it."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.options import is_loopback

FOREIGN_SITES = frozenset({"cross-site", "same-site"})


@web.middleware
async def guard_against_other_sites(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse with 403 a Host that is not loopback (DNS rebinding) and calls from pages of other origins."""
    hostname = urlsplit(f"//{request.host}").hostname or ""
    if not is_loopback(hostname):
        return _refuse("the Host header must name this machine")
    if _is_call(request.path) and _is_foreign(request):
        return _refuse("calls from other origins are refused")
    return await handler(request)


def _is_call(path: str) -> bool:
    return path != "/" and not path.startswith("/sandbox/static/")


def _is_foreign(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return True
    return request.headers.get("Sec-Fetch-Site") in FOREIGN_SITES


def _refuse(reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=HTTPStatus.FORBIDDEN)
