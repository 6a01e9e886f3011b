"""Presses of inline buttons that the bot may still answer."""

from __future__ import annotations

import time
from collections import deque

from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.store import Store

ANSWER_WINDOW_S = 900.0  # Telegram forgets a press after a while; how long is not documented
KEPT_ANSWERS = 1_000


class CallbackDesk:
    """Know which callback queries exist and from which chat, and the last answers to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chats: dict[str, tuple[int, float]] = {
            key: (body["chat_id"], body["at"]) for key, body in store.load("callback")
        }
        self._answers: deque[JsonObject] = deque(maxlen=KEPT_ANSWERS)
        self._last = max((int(key) for key in self._chats), default=time.time_ns() // 1000)

    def open(self, chat_id: int) -> str:
        """Register a press and give its callback_query id."""
        self._forget_old()
        self._last += 1
        query_id = str(self._last)
        self._chats[query_id] = (chat_id, time.time())
        self._store.put("callback", query_id, {"chat_id": chat_id, "at": time.time()})
        return query_id

    def answer(self, query_id: str, answer: JsonObject) -> int:
        """Keep the answer and give the press's chat; raise BotApiError 400 if there was none or it is old."""
        self._forget_old()
        if query_id not in self._chats:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        chat_id = self._chats[query_id][0]
        self._answers.append({"chat_id": chat_id, "at": time.time(), **answer})
        return chat_id

    def answers(self, chat_id: int) -> list[JsonObject]:
        return [answer for answer in self._answers if answer["chat_id"] == chat_id]

    def expire(self) -> None:
        """Let every press so far be too old to be answered."""
        for query_id in self._chats:
            self._store.delete("callback", query_id)
        self._chats.clear()

    def _forget_old(self) -> None:
        limit = time.time() - ANSWER_WINDOW_S
        while self._chats and (oldest := next(iter(self._chats.items())))[1][1] < limit:
            del self._chats[oldest[0]]
            self._store.delete("callback", oldest[0])
