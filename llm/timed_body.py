"""A response's body that has to come to something: bytes that only keep a connection alive are no answer.

An HTTP library's own timeout begins anew with each byte, so that a server which trickles would be read for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import cast

import httpx2


class TimedBody(httpx2.SyncByteStream):
    """Raises `httpx2.ReadTimeout` when nothing has been noted for as long as the request lets a byte take."""

    def __init__(self, response: httpx2.Response) -> None:
        self._body = cast("httpx2.SyncByteStream", response.stream)
        self._timeout_s: float = response.request.extensions["timeout"]["read"]
        self._noted_at = time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            if time.monotonic() - self._noted_at > self._timeout_s:
                raise httpx2.ReadTimeout("nothing but signs of life")
            yield piece

    def note_progress(self) -> None:
        """Begin the wait anew: a part of the answer is here, and whoever wanted it wants the next."""
        self._noted_at = time.monotonic()

    def close(self) -> None:
        self._body.close()


def limit_body(response: httpx2.Response) -> None:
    """Have the body of a response, of which nothing has been read yet, come to something in time."""
    response.stream = TimedBody(response)
