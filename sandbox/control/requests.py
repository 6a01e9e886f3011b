"""Read requests of the control API and answer them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject, encode

CHAT_PATH = "/sandbox/api/chats/{chat_id:-?[0-9]+}"

Value = TypeVar("Value")


async def read_object(request: web.Request) -> JsonObject:
    """Raise ControlError unless the body is a JSON object; an empty body is an empty object."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise ControlError("the body must be JSON") from error
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


def take(body: JsonObject, name: str, kind: type[Value]) -> Value:
    """Raise ControlError unless the field is there and of this kind."""
    value = take_optional(body, name, kind)
    if value is None:
        raise ControlError(f"{name} is required")
    return value


def take_optional(body: JsonObject, name: str, kind: type[Value]) -> Value | None:
    value = body.get(name)
    is_bool_for_number = isinstance(value, bool) and kind is int
    if value is not None and (is_bool_for_number or not isinstance(value, kind)):
        raise ControlError(f"{name} must be of type {kind.__name__}")
    return value


def query_number(request: web.Request, name: str) -> int | None:
    """Raise ControlError if the query parameter is there and no whole number."""
    value = request.query.get(name)
    if value is None or value == "":
        return None
    try:
        return int(value)
    except ValueError as error:
        raise ControlError(f"{name} must be a whole number") from error


def answer(body: Any, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=encode(body).encode(), status=status, content_type="application/json")
