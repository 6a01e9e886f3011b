"""The first page's figures in a real browser: legible on every screen, and in numbers for whoever sees no plots."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.harness.processes import paused
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, Look, look_at

pytestmark = pytest.mark.system

DAYS = 31
OUTAGE = range(40, 52)  # hours ago: no figures at all


@pytest.fixture
def accountant(staff: Browser, stack: Stack) -> Iterator[Browser]:
    """The browser on the first page of a busy house, in which nobody computes the figures anew."""
    with paused(stack.worker):
        fill_figures(stack)
        staff.refresh()
        yield staff


def fill_figures(stack: Stack) -> None:
    """Put a month of a busy house into the database, in place of what the stack has counted itself."""
    now = datetime.now(UTC)
    current = now.replace(minute=0, second=0, microsecond=0)
    figures = stack.database().hourly_figures
    figures.delete_many({})
    figures.insert_many(
        build_hour(current - timedelta(hours=back), back, now)
        for back in range(-1, 24 * DAYS)  # the next hour may begin before the test ends
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
        "digests": {"written": 5, "failed": int(back % 5 == 0)} if hour.hour == 2 else {},
        "people": 1_200 - back,
        "approved_people": 1_000 - back,
        "memory_events": 48_000 - 11 * back if hour.hour != 23 else 39_000,
        "computed_at": now,
    }


def test_the_plots_are_told_in_words_and_numbers(accountant: Browser) -> None:
    titles, told = accountant.texts("#figures figcaption"), accountant.texts("#figures .legend")
    described = accountant.execute_script(
        "return [...document.querySelectorAll('#figures svg')].map((plot) => plot.getAttribute('aria-labelledby')"
        ".split(' ').map((id) => document.getElementById(id).textContent))"
    )
    assert len(titles) == len(told) == len(described) == 9
    assert [title for title, _ in described] == titles
    assert all(words for _, words in described)

    accountant.one("#figures summary").click()
    assert len(accountant.all("#figures tbody tr")) == 24
    accountant.follow('#figures nav a[href="?figures=30d"]')
    assert accountant.one("#figures nav [aria-current]").get_attribute("href").endswith("?figures=30d")
    accountant.one("#figures summary").click()
    assert len(accountant.all("#figures tbody tr")) == 30


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_figures_fit_every_screen(accountant: Browser, stack: Stack, look: Look, pictures: Path) -> None:
    accountant.take_on(look)
    found = []
    for key in ("24h", "7d", "30d"):
        accountant.get(f"{stack.web_url}/admin/?figures={key}")
        if key == "7d":
            accountant.one("#figures summary").click()
        height = accountant.execute_script("return document.documentElement.scrollHeight")
        accountant.take_on(Look(look.width, min(height, 4_000), look.is_dark))
        found += look_at(accountant, pictures / f"dashboard-{key}-{look}.png")
        accountant.take_on(look)

    assert found == []


def test_a_first_run_has_words_instead_of_plots(accountant: Browser, stack: Stack, pictures: Path) -> None:
    stack.database().hourly_figures.delete_many({})

    accountant.get(f"{stack.web_url}/admin/")

    assert accountant.all("#figures figure") == []
    assert accountant.one("#figures .figures-empty").text
    assert look_at(accountant, pictures / "dashboard-empty.png") == []
