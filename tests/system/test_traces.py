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
        known = len(stack.telegram.answers(chat_id))
        stack.telegram.write(chat_id, text)
        stack.telegram.wait_for_answers(chat_id, known + 1)
    update = stack.database().inbox_updates.find_one({"chat_id": str(chat_id)}, sort=[("received_at", -1)])
    assert update is not None
    trace_id = update["trace_id"]
    parts = stack.database().spans
    for of_whom in ({"is_root": True}, {"process": "bot"}):
        found = {"trace_id": trace_id, **of_whom}
        wait_until(lambda found=found: parts.find_one(found), what="the whole trace")

    staff.get(stack.web_url + TRACES)
    for look in LOOKS:
        staff.take_on(look)
        assert look_at(staff, pictures / f"traces-{look}.png") == []
    staff.take_off()
    staff.follow(f"#traces a[href$='{trace_id}/']")

    assert len(staff.all(".waterfall-bar")) == len(staff.all("#trace tbody tr")) == 9
    for look in LOOKS:
        staff.take_on(look)
        assert look_at(staff, pictures / f"trace-{look}.png") == []
    staff.take_off()
    staff.follow("#trace p a")
    assert len(staff.all("#result_list tbody tr")) == 1
