"""What happens, as it happens, for the chat page and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.jsontypes import JsonObject

MAX_QUEUED_EVENTS = 1_000  # a reader that falls further behind is disconnected and catches up by sequence


class EventHub:
    """Hand events to whoever reads them; `None` in a queue is the end."""

    def __init__(self) -> None:
        self._readers: dict[asyncio.Queue[JsonObject | None], int | None] = {}

    def publish(self, kind: str, chat_id: int, content: Callable[[], JsonObject] | None = None) -> None:
        """Publish {type, chat_id, …content}; `content` is only built if somebody reads."""
        readers = [queue for queue, wanted in self._readers.items() if wanted in {None, chat_id}]
        if not readers:
            return
        event = {"type": kind, "chat_id": chat_id, **(content() if content else {})}
        for queue in readers:
            if queue.qsize() >= MAX_QUEUED_EVENTS:
                self._end(queue)
            else:
                queue.put_nowait(event)

    @contextmanager
    def reading(self, chat_id: int | None) -> Iterator[asyncio.Queue[JsonObject | None]]:
        """Give a queue of events of one chat, or of all chats."""
        queue: asyncio.Queue[JsonObject | None] = asyncio.Queue()
        self._readers[queue] = chat_id
        try:
            yield queue
        finally:
            self._readers.pop(queue, None)

    def close(self) -> None:
        for queue in list(self._readers):
            self._end(queue)

    def _end(self, queue: asyncio.Queue[JsonObject | None]) -> None:
        self._readers.pop(queue, None)
        queue.put_nowait(None)
