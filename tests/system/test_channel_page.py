"""What the sandbox page can do with channels; the test itself is the bot."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from sandbox.telegram.pictures import draw_plain_picture
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import Sandbox
from tests.system.browser import LOOKS, Browser, look_at

pytestmark = pytest.mark.system

ANNA = {"id": 1001, "is_bot": False, "first_name": "Анна"}
POSTS = ".message .text"


@pytest.fixture
def telegram(sandbox: Sandbox) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox.root)
    yield client
    client.close()


def kinds_of(sandbox: Sandbox) -> list[str]:
    """What kinds of updates the bot has been told of."""
    return [next(kind for kind in one if kind != "update_id") for one in sandbox.get("pending")["updates"]]


def test_a_channel_is_made_filled_and_given_to_the_bot(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient
) -> None:
    browser.get(sandbox.root)
    browser.one(".people summary").click()
    browser.one(".new-channel summary").click()
    browser.one("#add-channel [name=title]").send_keys("Вести гавани")
    browser.one("#add-channel [name=username]").send_keys("harbour_news")
    browser.follow("#add-channel button")
    browser.wait(lambda: browser.all("#empty:not([hidden])"), what="the empty channel")
    assert browser.texts("h1") == ["Вести гавани"]
    assert browser.texts("#status") == ["канал без дворецкого"]

    browser.one(".people summary").click()
    browser.one("#place-bot").click()
    browser.wait(
        lambda: browser.texts("#status") == ["канал, дворецкий здесь"],
        what="the bot in its place",
    )
    field = browser.one("#text")
    field.send_keys("Шлюз открыт", Keys.ENTER)
    browser.wait(lambda: browser.texts(POSTS) == ["Шлюз открыт"], what="the post")
    field.send_keys(Keys.ARROW_UP, " до вечера", Keys.ENTER)
    browser.wait(lambda: browser.texts(POSTS) == ["Шлюз открыт до вечера"], what="the change")
    browser.one("#place-bot").click()

    browser.wait(lambda: browser.texts("#status") == ["канал без дворецкого"], what="the bot gone")
    assert kinds_of(sandbox) == ["my_chat_member", "channel_post", "edited_channel_post", "my_chat_member"]
    telegram.post("channels", {"title": "Другой", "from": ANNA, "username": "other_name"})
    browser.get(sandbox.root)
    browser.one(".people summary").click()
    assert browser.texts(".channels .person-name") == ["Вести гавани", "Другой"]


def test_a_channel_is_legible_and_shows_days_signatures_and_origins(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, pictures: Path
) -> None:
    channel = telegram.create_channel("Вести старой гавани", from_=ANNA)
    telegram.add_bot(channel)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    telegram.publish(channel, "Паром отменён до утра.", date=yesterday, author_signature="Дежурный")
    origin = {"type": "hidden_user", "sender_user_name": "Смотритель маяка", "date": 0}
    telegram.publish(channel, "Туман рассеялся.", forward_origin=origin)
    for caption in ("Вид на причал", ""):
        picture = draw_plain_picture(400, 300)
        telegram.publish(channel, caption, photo=picture, media_group_id="9")
    telegram.publish(channel, "Расписание", document=bytes(3_000), name="паромы.pdf")
    sandbox.call("sendMessage", chat_id=channel, text="Сводка за день готова.")
    found: list[str] = []
    browser.live_in_a_quiet_zone()

    for look in LOOKS:
        browser.take_on(look)
        browser.get(f"{sandbox.root}/?chat={channel}&as={ANNA['id']}")
        browser.wait(lambda: len(browser.all(".message")) == 6, what="the posts")
        found += look_at(browser, pictures / f"channel-{look}.png")
        assert browser.texts(".day") == ["Вчера", "Сегодня"]
        assert browser.texts(".sender") == ["Переслано: Смотритель маяка"]
        assert browser.texts(".meta")[0].startswith("Дежурный · ")
        assert browser.all(".mine") == []
        browser.one(".people summary").click()
        found += look_at(browser, pictures / f"channel-people-{look}.png")
        browser.get(sandbox.root)
        browser.wait(lambda: browser.all("#empty:not([hidden])"), what="a private chat")
        browser.one(".people summary").click()
        browser.one(".new-channel summary").click()
        found += look_at(browser, pictures / f"channel-new-{look}.png")

    assert found == []
