"""The first page's figures in a real browser: legible on every screen, and in numbers for whoever sees no plots."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, Look, look_at

pytestmark = pytest.mark.system

USERNAME = "accountant"
PASSWORD = "a long password for figures"
DAYS = 31
OUTAGE = range(40, 52)  # hours ago: no figures at all


@pytest.fixture(scope="module")
def session(chromium: Browser, stack: Stack) -> dict[str, Any]:
    """The session cookie of a superuser who has logged in by the form."""
    command = ("createsuperuser", "--noinput", "--username", USERNAME, "--email", "figures@example.org")
    stack.manage(*command, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    chromium.get(f"{stack.web_url}/admin/")
    chromium.one("#id_username").send_keys(USERNAME)
    chromium.one("#id_password").send_keys(PASSWORD)
    chromium.follow("[type=submit]")
    cookie: dict[str, Any] = chromium.get_cookie("sessionid")
    return cookie


@pytest.fixture
def staff(browser: Browser, stack: Stack, session: dict[str, Any]) -> Browser:
    root = f"{stack.web_url}/admin/"
    cookie = {"url": root, "name": session["name"], "value": session["value"]}
    browser.execute_cdp_cmd("Network.setCookie", cookie)
    fill_figures(stack)
    browser.get(root)
    return browser


def fill_figures(stack: Stack) -> None:
    """Put a month of a busy house into the database, in place of what the stack has counted itself."""
    now = datetime.now(UTC)
    current = now.replace(minute=0, second=0, microsecond=0)
    figures = stack.database().hourly_figures
    figures.delete_many({})
    figures.insert_many(
        build_hour(current - timedelta(hours=back), back, now)
        for back in range(24 * DAYS)
        if back not in OUTAGE
    )


def build_hour(hour: datetime, back: int, now: datetime) -> dict[str, Any]:
    wave = 1 + math.sin((hour.hour - 9) / 24 * 2 * math.pi)
    messages = round(60 * wave) + back % 7
    return {
        "hour": hour,
        "messages": messages,
        "errors": int(back % 31 == 5),
        "pending": 0,
        "latencies_ms": [900 + 400 * wave, 2_500 + 1_500 * wave + 80 * (back % 9)] if messages else [],
        "first_tokens_ms": [300 + 90 * wave, 800 + 200 * wave] if messages else [],
        "exchanges": messages + 3,
        "failed_exchanges": 2 * int(back % 13 == 4),
        "prompt_tokens": 1_100 * messages,
        "completion_tokens": 180 * messages,
        "compressions": {"ok": 240, "rejected": 6} if hour.hour == 23 else {},
        "people": 1_200 - back,
        "approved_people": 1_000 - back,
        "memory_events": 48_000 - 11 * back if hour.hour != 23 else 39_000,
        "computed_at": now,
    }


def test_the_plots_are_told_in_words_and_numbers(staff: Browser) -> None:
    titles, told = staff.texts("#figures figcaption"), staff.texts("#figures .legend")
    described = staff.execute_script(
        "return [...document.querySelectorAll('#figures svg')].map((plot) => plot.getAttribute('aria-labelledby')"
        ".split(' ').map((id) => document.getElementById(id).textContent))"
    )
    assert len(titles) == len(told) == len(described) == 8
    assert [title for title, _ in described] == titles
    assert all(words for _, words in described)

    staff.one("#figures summary").click()
    assert len(staff.all("#figures tbody tr")) == 24
    staff.follow('#figures nav a[href="?figures=30d"]')
    assert staff.one("#figures nav [aria-current]").get_attribute("href").endswith("?figures=30d")
    staff.one("#figures summary").click()
    assert len(staff.all("#figures tbody tr")) == 30


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_figures_fit_every_screen(staff: Browser, stack: Stack, look: Look, pictures: Path) -> None:
    staff.take_on(look)
    found = []
    for key in ("24h", "7d", "30d"):
        staff.get(f"{stack.web_url}/admin/?figures={key}")
        if key == "7d":
            staff.one("#figures summary").click()
        height = staff.execute_script("return document.documentElement.scrollHeight")
        staff.take_on(Look(look.width, min(height, 4_000), look.is_dark))
        found += look_at(staff, pictures / f"dashboard-{key}-{look}.png")
        staff.take_on(look)

    assert found == []


def test_a_first_run_has_words_instead_of_plots(staff: Browser, stack: Stack, pictures: Path) -> None:
    stack.database().hourly_figures.delete_many({})

    staff.get(f"{stack.web_url}/admin/")

    assert staff.all("#figures figure") == []
    assert staff.one("#figures .figures-empty").text
    assert look_at(staff, pictures / "dashboard-empty.png") == []
