"""Presses of inline buttons that the bot may still answer."""

from __future__ import annotations

import time

from sandbox.errors import bad_request
from sandbox.store import Store

ANSWER_WINDOW_S = 900.0  # Telegram forgets a press after a while; how long is not documented


class CallbackDesk:
    """Know which callback queries exist and from which chat."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chats: dict[str, tuple[int, float]] = {
            key: (body["chat_id"], body["at"]) for key, body in store.load("callback")
        }
        self._last = max((int(key) for key in self._chats), default=time.time_ns() // 1000)

    def open(self, chat_id: int) -> str:
        """Register a press and give its callback_query id."""
        self._forget_old()
        self._last += 1
        query_id = str(self._last)
        self._chats[query_id] = (chat_id, time.time())
        self._store.put("callback", query_id, {"chat_id": chat_id, "at": time.time()})
        return query_id

    def answer(self, query_id: str) -> int:
        """Give the chat of a press; raise BotApiError 400 if there was none or it is too long ago."""
        self._forget_old()
        if query_id not in self._chats:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        return self._chats[query_id][0]

    def _forget_old(self) -> None:
        limit = time.time() - ANSWER_WINDOW_S
        while self._chats and (oldest := next(iter(self._chats.items())))[1][1] < limit:
            del self._chats[oldest[0]]
            self._store.delete("callback", oldest[0])
