"""A model of another vendor, chosen and asked in the chat page; its call as staff see it in the admin."""

from __future__ import annotations

from pathlib import Path

import pytest

from botgateway.handlers.preferences import TICK
from tests.harness.exchanges import last_trace_id, wait_for_exchange
from tests.harness.llm_wire import answer_marker
from tests.harness.stack import Stack
from tests.harness.vendors_stack import KEYS, vendors_stack
from tests.system.browser import Browser, look_at
from tests.system.chat_page import ChatPage

pytestmark = pytest.mark.system

MODEL = "mistral-small-latest"
QUESTION = "Кто нынче подаёт чай?"
USERNAME, PASSWORD = "staff", "a long password for tests"
EXCHANGES = "/admin/llm/exchange/"
ROW = "#result_list tbody tr"


@pytest.fixture
def house(request: pytest.FixtureRequest) -> Stack:
    return vendors_stack(request.config).stack


def test_another_vendors_model_is_chosen_answers_and_is_on_record(
    browser: Browser, house: Stack, chat_id: int, pictures: Path
) -> None:
    page = ChatPage(browser, house)
    page.open(chat=chat_id)
    page.ask("/model")
    choose(browser, MODEL)
    found = look_at(browser, pictures / "any-model-chosen.png")

    answer = page.ask(QUESTION)
    found += look_at(browser, pictures / "any-model-answered.png")

    assert answer_marker(QUESTION) in answer
    assert browser.complaints() == []
    log_in(browser, house)
    exchange = wait_for_exchange(house, last_trace_id(house, chat_id))
    browser.get(f"{house.web_url}{EXCHANGES}?q={exchange['trace_id']}")
    found += look_at(browser, pictures / "any-model-exchanges.png")
    shown = {name: browser.texts(f"{ROW} .field-{name}") for name in ("provider", "model", "outcome_text")}
    assert shown == {"provider": ["mistral"], "model": [MODEL], "outcome_text": ["ответ получен"]}
    assert found == []

    browser.follow(f"{ROW} th a")
    assert browser.one(".field-trace .readonly").text
    assert QUESTION not in browser.page_source
    assert [name for name, key in KEYS.items() if key in browser.page_source] == []


def choose(browser: Browser, model: str) -> None:
    """Press the button of a model, and wait until it is ticked and spoken of."""
    browser.note("#toast")
    next(button for button in browser.all(".keyboard button") if button.text == model).click()
    browser.wait(lambda: any(model in notice for notice in browser.noted), what="the notice")
    browser.wait(lambda: TICK + model in browser.texts(".keyboard button"), what="the tick")


def log_in(browser: Browser, house: Stack) -> None:
    command = ("createsuperuser", "--noinput", "--username", USERNAME, "--email", "staff@example.org")
    house.manage(*command, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    browser.get(f"{house.web_url}/admin/")
    browser.one("#id_username").send_keys(USERNAME)
    browser.one("#id_password").send_keys(PASSWORD)
    browser.follow("[type=submit]")
    browser.complaints()  # of an icon that the admin has not
