from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.received import Received, find_peak, take_account


@pytest.mark.parametrize(
    ("moments", "peak"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 1.0, 2.0], 1),
        ([0.9, 0.0, 1.1, 1.8, 1.85, 3.0], 4),  # within no second that begins with the clock's
        ([0.5] * 7, 7),
    ],
)
def test_the_peak_is_of_any_second_wherever_it_begins(moments: list[float], peak: int) -> None:
    assert find_peak(moments) == peak


def test_what_was_refused_is_a_call_and_no_message_and_strangers_do_not_count() -> None:
    def call(
        chat_id: int | None, at: float, status: int = 200, method: str = "sendMessage"
    ) -> dict[str, Any]:
        return {"chat_id": chat_id, "received_at": at, "status": status, "method": method}

    calls = [call(1, 0.0), call(2, 0.5, 429), call(2, 1.2), call(2, 1.4), call(9, 1.3), call(None, 1.3)]
    calls.append(call(3, 2.0, method="editMessageText"))

    assert take_account(calls, range(1, 5)) == Received(
        calls=5, seconds=2.0, peak=3, chat_peak=3, refused=1, delivered=2, doubled=1, lost=2
    )
