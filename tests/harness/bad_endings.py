"""How an answer goes on without end, or ends where none should."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import NoReturn

from aiohttp import web

NEVER_S = 3600.0
COMMENT_EVERY_S = 0.05


async def write_again(
    response: web.StreamResponse, piece: bytes, *, for_s: float, until: Callable[[], bool] = lambda: False
) -> None:
    """Write a piece every `COMMENT_EVERY_S`, for so long or until that is so."""
    ends_at = time.monotonic() + for_s
    while time.monotonic() < ends_at and not until():
        await response.write(piece)
        await asyncio.sleep(COMMENT_EVERY_S)


async def stall(request: web.Request, body: object) -> NoReturn:
    """Write half of a body, then blanks until nobody listens."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    whole = json.dumps(body).encode()
    await response.write(whole[: len(whole) // 2])
    await write_again(response, b" ", for_s=NEVER_S)
    raise ConnectionResetError


def break_connection(request: web.Request) -> NoReturn:
    """Close the connection in the middle of what is being written."""
    if request.transport is not None:
        request.transport.close()
    raise ConnectionResetError
