"""Parameters of a call: query string, form, multipart or JSON, all read the same way.

https://core.telegram.org/bots/api#making-requests
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.calls import MAX_VALUE_CHARACTERS
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject, encode
from sandbox.multipart import Part, read_form

TRUE_WORDS = frozenset({"true", "yes", "1"})
INT64 = 1 << 63


@dataclass(slots=True)
class Parameters:
    """Values are strings, or any JSON value if the call came as JSON."""

    values: JsonObject
    uploads: dict[str, Part] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else encode(value)

    def integer(self, name: str, default: int = 0) -> int:
        """Read a whole number; what is none counts as absent, as at Telegram."""
        found = self.optional_integer(name)
        return default if found is None else found

    def optional_integer(self, name: str) -> int | None:
        try:
            number = int(str(self.values[name]).strip())
        except (KeyError, ValueError):
            return None
        return number if -INT64 <= number < INT64 else None

    def boolean(self, name: str) -> bool:
        return self.text(name).strip().lower() in TRUE_WORDS

    def json(self, name: str, what: str) -> Any:
        """Read a JSON-serialized parameter, None if absent; raises BotApiError 400 naming `what`."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise bad_request(f"can't parse {what} JSON object") from error

    def chat_id(self) -> int | None:
        return self.optional_integer("chat_id")

    def summary(self) -> dict[str, str]:
        """Give the parameters for the call log, long values cut."""
        summary = {name: self.text(name)[:MAX_VALUE_CHARACTERS] for name in self.values}
        return summary | {name: f"<{len(upload.content)} bytes>" for name, upload in self.uploads.items()}


async def read_parameters(request: web.Request) -> Parameters:
    """Read a request; raises BotApiError 400 for a broken body, HTTPRequestEntityTooLarge for a huge one."""
    parameters = Parameters(dict(request.rel_url.query))
    if not request.can_read_body:
        return parameters
    if request.content_type == "application/json":
        parameters.values |= await _read_json(request)
        return parameters
    form = await read_form(request)
    parameters.values |= form.values
    parameters.uploads |= form.files
    return parameters


async def _read_json(request: web.Request) -> JsonObject:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("object expected")
    return {name: value for name, value in body.items() if value is not None}
