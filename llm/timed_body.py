"""A response's body that has to come to something: bytes that only keep a connection alive are no answer.

An HTTP library's own timeout begins anew with each byte, so that a server which trickles would be read for ever. And
nobody can take back a read that waits for a byte, but by shutting the connection.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import cast

import httpx2

from llm.cancellation import Cancellation


class TimedBody(httpx2.SyncByteStream):
    """Raises `httpx2.ReadTimeout` when nothing has been noted for as long as the request lets a byte take.

    A cancelled read ends as if the server had closed the connection.
    """

    def __init__(self, response: httpx2.Response, cancellation: Cancellation | None) -> None:
        self._body = cast("httpx2.SyncByteStream", response.stream)
        self._timeout_s: float = response.request.extensions["timeout"]["read"]
        self._noted_at = time.monotonic()
        self._connection = response.extensions.get("network_stream")
        self._cancellation = cancellation
        if cancellation is not None:
            cancellation.guard(self._shut)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            if time.monotonic() - self._noted_at > self._timeout_s:
                raise httpx2.ReadTimeout("nothing but signs of life")
            yield piece

    def note_progress(self) -> None:
        """Begin the wait anew: a part of the answer is here, and whoever wanted it wants the next."""
        self._noted_at = time.monotonic()

    def close(self) -> None:
        if self._cancellation is not None:
            self._cancellation.release()  # before the pool gives the connection to another call
        self._body.close()

    def _shut(self) -> None:
        """Wake whoever reads. Closing would not, and belongs to the thread that reads."""
        if self._connection is None:
            return
        with contextlib.suppress(OSError):  # the other side was quicker
            socket.socket.shutdown(self._connection.get_extra_info("socket"), socket.SHUT_RDWR)


def limit_body(response: httpx2.Response, cancellation: Cancellation | None = None) -> None:
    """Have the body of a response, of which nothing has been read yet, come to something in time."""
    response.stream = TimedBody(response, cancellation)
