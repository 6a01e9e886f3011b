"""Traces in a real browser: found, followed, and legible on every screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, look_at

pytestmark = pytest.mark.system

TRACES = "/admin/observability/tracepart/"


def test_a_request_is_found_in_the_list_and_shown_step_by_step(
    staff: Browser, stack: Stack, chat_id: int, pictures: Path
) -> None:
    for text in ("Я развожу фиалки", "Что я развожу?"):
        stack.telegram.ask(chat_id, text)
    update = stack.database().inbox_updates.find_one({"chat_id": str(chat_id)}, sort=[("received_at", -1)])
    assert update is not None
    trace_id = update["trace_id"]

    def list_steps() -> list[str]:
        parts = stack.database().spans.find({"trace_id": trace_id})
        return [span["name"] for part in parts for span in part["spans"]]

    last_of_each = {"accept update", "update", "answer update"}
    wait_until(lambda: last_of_each <= set(list_steps()), what="the whole trace")

    staff.get(stack.web_url + TRACES)
    for look in LOOKS:
        staff.take_on(look)
        assert look_at(staff, pictures / f"traces-{look}.png") == []
    staff.take_off()
    staff.follow(f"#traces a[href$='{trace_id}/']")

    assert len(staff.all(".waterfall-bar")) == len(staff.all("#trace tbody tr")) == len(list_steps())
    for look in LOOKS:
        staff.take_on(look)
        assert look_at(staff, pictures / f"trace-{look}.png") == []
    staff.take_off()
    staff.follow("#trace p a")
    assert len(staff.all("#result_list tbody tr")) == 1
