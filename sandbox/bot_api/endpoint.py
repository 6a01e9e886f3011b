"""HTTP edge of the Bot API: token, parameters, faults, the method, the log."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from http import HTTPStatus
from typing import Any

from aiohttp import web

from sandbox.bot_api.parameters import Parameters, read_parameters
from sandbox.bot_api.registry import Method, find_method
from sandbox.calls import Call
from sandbox.errors import BotApiError
from sandbox.faults import Fault
from sandbox.jsontypes import JsonObject, encode
from sandbox.telegram.files import MAX_DOWNLOAD_BYTES
from sandbox.world import World

logger = logging.getLogger(__name__)

NOT_FOUND = (HTTPStatus.NOT_FOUND, "Not Found")
UNAUTHORIZED = (HTTPStatus.UNAUTHORIZED, "Unauthorized")
TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")


class BotApi:
    """Answer `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/bot{token:[^/]+}/{method:[^/]*}", self.answer_call)
        router.add_get("/file/bot{token:[^/]+}/{path:.+}", self.send_file)

    async def answer_call(self, request: web.Request) -> web.StreamResponse:
        received_at = time.time()
        try:
            name, method, parameters = await self._read(request)
        except BotApiError as refusal:
            return _refuse(refusal)
        call = Call(name, parameters.chat_id(), parameters.summary(), received_at)
        self._world.calls.open(call)
        fault = self._world.faults.take(name, call.chat_id)
        response = await self._act(call, method, parameters, fault)
        if response is None:
            self._world.calls.close(call, at=time.time(), status=0, description="dropped")
            return _drop(request)
        return response

    async def send_file(self, request: web.Request) -> web.Response:
        if not self._is_known(request.match_info["token"]):
            return _refuse(BotApiError(*UNAUTHORIZED))
        stored = self._world.files.find_by_path(request.match_info["path"])
        if stored is None or stored.size > MAX_DOWNLOAD_BYTES:
            return _refuse(BotApiError(*NOT_FOUND))
        return web.Response(body=self._world.files.read(stored), content_type="application/octet-stream")

    async def _read(self, request: web.Request) -> tuple[str, Method, Parameters]:
        if not self._is_known(request.match_info["token"]):
            raise BotApiError(*UNAUTHORIZED)
        found = find_method(request.match_info["method"])
        if found is None:
            raise BotApiError(*NOT_FOUND)
        try:
            return *found, await read_parameters(request)
        except web.HTTPRequestEntityTooLarge as error:
            raise BotApiError(*TOO_LARGE) from error

    def _is_known(self, token: str) -> bool:
        expected = self._world.options.token
        return not expected or hmac.compare_digest(token.encode(), expected.encode())

    async def _act(
        self, call: Call, method: Method, parameters: Parameters, fault: Fault | None
    ) -> web.Response | None:
        """Act as the fault allows; None means that the connection is to be closed without an answer."""
        if fault is not None and fault.kind in {"hang", "delay"}:
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in {"hang", "drop"}:
            return None
        try:
            _raise_ordered_error(fault)
            result = await method(self._world, parameters)
        except BotApiError as refusal:
            response = _refuse(refusal)
            description = refusal.description
        else:
            await self._world.store.flush()
            response, description = _answer({"ok": True, "result": result}), ""
        if fault is not None and fault.kind == "accept_then_hang":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in {"accept_then_hang", "accept_then_drop"}:
            return None
        self._world.calls.close(call, at=time.time(), status=response.status, description=description)
        return response


def _raise_ordered_error(fault: Fault | None) -> None:
    if fault is not None and fault.kind == "error":
        raise BotApiError(fault.status, fault.description, retry_after=fault.retry_after)


def _answer(body: JsonObject, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=encode(body).encode(), status=status, content_type="application/json")


def _refuse(refusal: BotApiError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": int(refusal.code),
        "description": refusal.description,
    }
    if refusal.retry_after is not None:
        body["parameters"] = {"retry_after": refusal.retry_after}
    return _answer(body, refusal.code)


def _drop(request: web.Request) -> web.Response:
    """Close the connection; the response that aiohttp wants is written to nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=HTTPStatus.INTERNAL_SERVER_ERROR)
