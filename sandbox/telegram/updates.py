"""The queue of updates that the bot has not confirmed yet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import islice

from sandbox.jsontypes import JsonObject
from sandbox.store import Store

FIRST_UPDATE_ID = 100_000_001
FUTURE_TOLERANCE = 10  # offsets further ahead than this start from the head of the queue again
RESTART_GAP = 100  # a killed process may have delivered numbers it had not saved yet; they are not used again
NOT_SENT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True, slots=True)
class Update:
    """One queued update: `seq` is its place in order of arrival, `lane` the chat it belongs to."""

    seq: int
    lane: str
    body: JsonObject

    @property
    def update_id(self) -> int:
        return int(self.body["update_id"])

    @property
    def kind(self) -> str:
        return next((name for name in self.body if name != "update_id"), "")


class UpdateQueue:
    """Queue updates in order of arrival until they are confirmed, by offset or one by one.

    Numbers follow each other, as at Telegram after any busy day; an update queued with an explicit number
    sets the count anew, as happens at Telegram after a quiet week.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pending: dict[int, Update] = {}
        self._lanes: dict[str, dict[int, Update]] = {}
        self._next_seq = 1
        self._last_id = FIRST_UPDATE_ID - 1
        self._arrival = asyncio.Event()
        self.allowed: list[str] = []
        self._load()

    def __len__(self) -> int:
        return len(self._pending)

    def pending(self) -> list[Update]:
        return list(self._pending.values())

    def push(self, body: JsonObject) -> int:
        """Queue an update and give its number; kinds that the bot has not asked for are dropped."""
        update_id = body.get("update_id") or self._last_id + 1
        self._last_id = update_id
        update = Update(self._next_seq, _lane(body), {"update_id": update_id, **body})
        self._next_seq += 1
        self._store.put("queue", "position", {"next_seq": self._next_seq, "last_id": self._last_id})
        if self._is_wanted(update.kind):
            self._keep(update)
            self._store.put("update", update.seq, {"lane": update.lane, "body": update.body})
            self.wake()
        return update_id

    def confirm(self, update: Update) -> None:
        """Forget one delivered update."""
        if self._pending.pop(update.seq, None) is None:
            return
        self._store.delete("update", update.seq)
        lane = self._lanes[update.lane]
        del lane[update.seq]
        if not lane:
            del self._lanes[update.lane]

    def confirm_below(self, offset: int) -> None:
        """Confirm by a getUpdates offset: below it, or for a negative one all but the last ones.

        https://core.telegram.org/bots/api#getupdates
        """
        if offset < 0:
            for update in self.pending()[:offset]:
                self.confirm(update)
        elif offset <= self._last_id + FUTURE_TOLERANCE:
            for update in self.pending():
                if update.update_id < offset:
                    self.confirm(update)

    def head(self, limit: int) -> list[Update]:
        return list(islice(self._pending.values(), limit))

    def lanes(self) -> list[str]:
        """Name the chats that have pending updates."""
        return list(self._lanes)

    def first_of(self, lane: str) -> Update | None:
        """Find the oldest pending update of one chat."""
        return next(iter(self._lanes.get(lane, {}).values()), None)

    def clear(self) -> None:
        for update in self.pending():
            self.confirm(update)

    def drop_lane(self, lane: str) -> None:
        for update in list(self._lanes.get(lane, {}).values()):
            self.confirm(update)

    def allow(self, kinds: list[str]) -> None:
        """Set which kinds of later updates are queued; empty means Telegram's default set."""
        self.allowed = kinds
        self._store.put("queue", "allowed", {"kinds": kinds})

    def wake(self) -> None:
        """Wake everyone in `wait_for_arrival`."""
        self._arrival.set()
        self._arrival = asyncio.Event()

    async def wait_for_arrival(self, timeout_s: float | None) -> None:
        """Wait for the next arrival, at most `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._arrival.wait()
        except TimeoutError:
            return

    def _is_wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in NOT_SENT_BY_DEFAULT

    def _load(self) -> None:
        queue = dict(self._store.load("queue"))
        if "position" in queue:
            self._next_seq = queue["position"]["next_seq"] + RESTART_GAP
            self._last_id = queue["position"]["last_id"] + RESTART_GAP
        self.allowed = queue.get("allowed", {"kinds": []})["kinds"]
        for key, body in sorted(self._store.load("update"), key=lambda row: int(row[0])):
            self._keep(Update(int(key), body["lane"], body["body"]))

    def _keep(self, update: Update) -> None:
        self._pending[update.seq] = update
        self._lanes.setdefault(update.lane, {})[update.seq] = update


def _lane(body: JsonObject) -> str:
    """Name the chat of an update: one chat's updates are delivered one at a time."""
    for content in body.values():
        if not isinstance(content, dict):
            continue
        chat = content.get("chat") or (content.get("message") or {}).get("chat") or content.get("from")
        if isinstance(chat, dict) and "id" in chat:
            return str(chat["id"])
    return "other"
