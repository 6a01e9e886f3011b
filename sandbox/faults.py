"""Faults on order: errors, lost answers, delays."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject

KINDS = frozenset({"error", "drop", "hang", "delay", "accept_then_drop", "accept_then_hang"})


@dataclass(slots=True)
class Fault:
    """One order: the next `times` calls of `method` (`*` = any, getUpdates too), in one chat or all, go wrong.

    `error` answers `status` and `description` without acting; `drop` closes the connection and `hang`
    closes it after `seconds`, neither acts; `delay` acts after `seconds`; `accept_then_drop` and
    `accept_then_hang` act and then close the connection, at once or after `seconds`. `skip` calls pass first.
    """

    fault_id: int
    kind: str
    method: str = "*"
    chat_id: int | None = None
    times: int = 1
    skip: int = 0
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int | None = None
    seconds: float = 1.0

    def view(self) -> JsonObject:
        return asdict(self)

    def matches(self, method: str, chat_id: int | None) -> bool:
        is_method = self.method == "*" or self.method.lower() == method.lower()
        return is_method and (self.chat_id is None or self.chat_id == chat_id)


class FaultBoard:
    """Orders in the order they were made; an order is gone when its calls are used up."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._last_id = 0

    def order(self, wanted: JsonObject) -> Fault:
        """Raise ControlError for an unknown kind or field."""
        names = {field.name for field in fields(Fault)} - {"fault_id"}
        unknown = sorted(set(wanted) - names)
        if unknown:
            raise ControlError(f"unknown fields: {', '.join(unknown)}")
        if wanted.get("kind") not in KINDS:
            raise ControlError(f"kind must be one of {', '.join(sorted(KINDS))}")
        chosen: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        if chosen.get("retry_after") is not None:
            chosen.setdefault("status", 429)
            chosen.setdefault("description", f"Too Many Requests: retry after {chosen['retry_after']}")
        self._last_id += 1
        fault = Fault(fault_id=self._last_id, **chosen)
        self._faults.append(fault)
        return fault

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Find the fault of this call and count it."""
        for fault in self._faults:
            if not fault.matches(method, chat_id):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None

    def view(self) -> list[JsonObject]:
        return [fault.view() for fault in self._faults]

    def clear(self) -> None:
        self._faults.clear()
