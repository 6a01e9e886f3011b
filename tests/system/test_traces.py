"""Traces in a real browser: found, followed, and legible on every screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, look_at

pytestmark = pytest.mark.system

USERNAME, PASSWORD = "operator", "a long password for tests"
TRACES = "/admin/observability/tracepart/"


@pytest.fixture
def operator(browser: Browser, stack: Stack) -> Browser:
    if not stack.database().auth_user.find_one({"username": USERNAME}):
        command = ("createsuperuser", "--noinput", "--username", USERNAME, "--email", "operator@example.org")
        stack.manage(*command, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    browser.get(stack.web_url + TRACES)
    browser.one("#id_username").send_keys(USERNAME)
    browser.one("#id_password").send_keys(PASSWORD)
    browser.follow("[type=submit]")
    return browser


def test_a_request_is_found_in_the_list_and_shown_step_by_step(
    operator: Browser, stack: Stack, chat_id: int, pictures: Path
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

    operator.get(stack.web_url + TRACES)
    for look in LOOKS:
        operator.take_on(look)
        assert look_at(operator, pictures / f"traces-{look}.png") == []
    operator.take_off()
    operator.follow(f"#traces a[href$='{trace_id}/']")

    assert len(operator.all(".waterfall-bar")) == len(operator.all("#trace tbody tr")) == 9
    for look in LOOKS:
        operator.take_on(look)
        assert look_at(operator, pictures / f"trace-{look}.png") == []
    operator.take_off()
    operator.follow("#trace p a")
    assert len(operator.all("#result_list tbody tr")) == 1
