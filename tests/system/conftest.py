from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.stack import Stack
from tests.sandbox.server import Sandbox, start_sandbox
from tests.system.browser import Browser
from tests.system.chat_page import ChatPage

USERNAME = "staff"
PASSWORD = "a long password for tests"

_chat_ids = count(2_000)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Butler as the first run starts it: embedded servers, long polling, no language model."""
    directory = tmp_path_factory.mktemp("stack")
    with Stack(directory, is_webhook=False, has_model=False) as found:
        yield found


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox by itself, its bot played by the tests of one file."""
    with requests.Session() as http:
        found = start_sandbox("--no-limits", http=http)
        yield found
    found.stop()
    found.process.stdout.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("chromium"))
    yield found
    found.quit()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """The browser with one window and no cookies; what its console complains of fails the test."""
    chromium.get("about:blank")
    chromium.complaints()
    yield chromium
    chromium.take_off()
    complaints = chromium.complaints()
    first, *others = chromium.window_handles
    for window in others:
        chromium.switch_to.window(window)
        chromium.close()
    chromium.switch_to.window(first)
    chromium.delete_all_cookies()
    assert complaints == []


@pytest.fixture(scope="session")
def superuser(stack: Stack) -> tuple[str, str]:
    """The name and the password of a member of staff who may do everything."""
    command = ("createsuperuser", "--noinput", "--username", USERNAME, "--email", "staff@example.org")
    stack.manage(*command, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    return USERNAME, PASSWORD


@pytest.fixture(scope="session")
def session(chromium: Browser, stack: Stack, superuser: tuple[str, str]) -> dict[str, Any]:
    """The session cookie of the superuser, who has logged in by the form."""
    chromium.log_in(f"{stack.web_url}/admin/", *superuser)
    assert chromium.one("#site-name").text == "Butler"
    cookie: dict[str, Any] = chromium.get_cookie("sessionid")
    return cookie


@pytest.fixture
def staff(browser: Browser, stack: Stack, session: dict[str, Any]) -> Browser:
    """The browser, logged in, on the admin's first page."""
    root = f"{stack.web_url}/admin/"
    cookie = {"url": root, "name": session["name"], "value": session["value"]}
    browser.execute_cdp_cmd("Network.setCookie", cookie)
    browser.get(root)
    return browser


@pytest.fixture
def page(browser: Browser, stack: Stack) -> ChatPage:
    return ChatPage(browser, stack)


@pytest.fixture
def chat_id() -> int:
    return next(_chat_ids)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, to be looked at."""
    return tmp_path_factory.mktemp("pictures")
