"""A broadcast in a real browser: written, looked at, confirmed, watched; its pages on every screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, look_at

pytestmark = pytest.mark.system

LIST = "/admin/botgateway/broadcast/"
TEXT = """# Добрый вечер

Дом **закрыт** в среду, см. [расписание](https://example.org/).

> Дворецкий

```
x = 1
```"""


def test_a_broadcast_is_written_looked_at_confirmed_and_watched(
    staff: Browser, stack: Stack, chat_id: int, pictures: Path
) -> None:
    stack.telegram.write(chat_id, "/start")
    stack.telegram.wait_for_answers(chat_id, 1)

    staff.get(f"{stack.web_url}{LIST}add/")
    staff.execute_script("document.getElementById('id_text').value = arguments[0]", TEXT)
    staff.follow("[name=_save]")
    assert staff.one(".broadcast-message b").text == "Добрый вечер"
    found = list_illegible(staff, pictures, "draft")
    staff.follow(".broadcast-actions a.button")
    assert staff.one("#broadcast-people").text.startswith("Это сообщение получ")
    found |= list_illegible(staff, pictures, "confirm")
    staff.follow("#content [type=submit]")
    assert staff.texts(".messagelist .success") == ["Рассылка идёт."]

    stack.telegram.wait_for_answers(chat_id, 2)
    broadcasts = stack.database().broadcasts
    wait_until(lambda: broadcasts.count_documents({"status": "done"}), what="the end of the broadcast")
    staff.refresh()
    assert staff.one("#broadcast-waiting").text == "0"
    assert staff.one("#broadcast-sent").text == staff.one("#broadcast-filed").text
    assert staff.all("textarea, [name=_save], .broadcast-actions .button") == []
    found |= list_illegible(staff, pictures, "done")
    staff.get(stack.web_url + LIST)
    found |= list_illegible(staff, pictures, "list")

    assert found == {}


def list_illegible(browser: Browser, pictures: Path, name: str) -> dict[str, list[str]]:
    """Take a picture of the page on every screen; return by screen what cannot be read there."""
    found = {}
    for look in LOOKS:
        browser.take_on(look)
        if illegible := look_at(browser, pictures / f"broadcast-{name}-{look}.png"):
            found[f"{name} {look}"] = illegible
    browser.take_off()
    return found
