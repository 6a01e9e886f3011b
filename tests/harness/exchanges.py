"""Calls of a language model on record, found by the trace id: a row that is late names nobody."""

from __future__ import annotations

from typing import Any

from tests.harness.processes import wait_until
from tests.harness.stack import Stack


def wait_for_exchange(stack: Stack, trace_id: str) -> dict[str, Any]:
    """Wait until the one exchange of a trace is on record; return it."""
    kept, its = stack.database().llm_exchanges, {"trace_id": trace_id}
    wait_until(lambda: kept.count_documents(its), what="the exchange")
    (exchange,) = kept.find(its)
    return dict(exchange)


def last_trace_id(stack: Stack, chat_id: int) -> str:
    """Return the trace id of what came last from a chat."""
    inbox = stack.database().inbox_updates
    update = inbox.find_one({"chat_id": str(chat_id)}, sort=[("received_at", -1)])
    assert update is not None
    return str(update["trace_id"])
