"""A bounded log of Bot API calls."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sandbox.jsontypes import JsonObject

MAX_CALLS = 100_000
MAX_VALUE_CHARACTERS = 200


@dataclass(slots=True)
class Call:
    """One call; times are Unix seconds, `status` is 0 while unanswered or if the connection was dropped."""

    method: str
    chat_id: int | None
    parameters: dict[str, str]
    received_at: float
    answered_at: float | None = None
    status: int = 0
    description: str = ""


class CallLog:
    """Keep the last calls, and counts of all of them since the last clearing."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._counts: Counter[tuple[str, int]] = Counter()

    def open(self, call: Call) -> None:
        self._calls.append(call)

    def close(self, call: Call, *, at: float, status: int, description: str = "") -> None:
        call.answered_at, call.status, call.description = at, status, description
        self._counts[call.method, status] += 1

    def view(self, *, method: str = "", chat_id: int | None = None) -> list[JsonObject]:
        return [asdict(call) for call in self._select(method, chat_id)]

    def stats(self) -> JsonObject:
        """Count answered calls: {method: {total, by_status: {status: n}}}."""
        stats: dict[str, JsonObject] = {}
        for (method, status), count in sorted(self._counts.items()):
            entry = stats.setdefault(method, {"total": 0, "by_status": {}})
            entry["total"] += count
            entry["by_status"][str(status)] = count
        return stats

    def clear(self) -> None:
        self._calls.clear()
        self._counts.clear()

    def _select(self, method: str, chat_id: int | None) -> Iterator[Call]:
        for call in self._calls:
            if method and call.method.lower() != method.lower():
                continue
            if chat_id is not None and call.chat_id != chat_id:
                continue
            yield call
