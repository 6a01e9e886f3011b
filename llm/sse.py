"""Server-sent events from bytes, at little cost: one pass, no decoding, nothing kept but the unfinished line.

Source: HTML Living Standard, section 9.2.6 "Interpreting an event stream". Only the `data` field is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LARGEST_EVENT_BYTES = 1024 * 1024  # an event of a chat stream has some hundred bytes; more is not one


class EventTooLarge(ValueError):
    """The server sends something else than events."""


class EventDecoder:
    """Turns pieces of a stream, split anywhere, into the data of its events."""

    def __init__(self) -> None:
        self._unfinished = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of every event that `piece` completes. Raises `EventTooLarge`."""
        lines = (self._unfinished + piece).splitlines(keepends=True)
        # A line that ends in CR may go on with LF, so only LF ends the last one.
        self._unfinished = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        if len(self._unfinished) > LARGEST_EVENT_BYTES:
            raise EventTooLarge
        yield from self._take(lines)

    def flush(self) -> Iterator[bytes]:
        """Yield an event that the end of the stream left without its blank line, as some servers do."""
        lines, self._unfinished = [self._unfinished, b""], b""
        yield from self._take(lines)

    def _take(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            content = line.rstrip(b"\r\n")
            if content.startswith(b"data:"):
                self._data.append(content[5:].removeprefix(b" "))
            elif not content and self._data:
                yield b"\n".join(self._data)
                self._data.clear()
