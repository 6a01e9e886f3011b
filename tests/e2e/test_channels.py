"""Channels: the bot is let in, the admins decide, posts come in once, whatever is killed meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from botgateway.domain.updates import HANDLED_KINDS
from botgateway.wording.channels import ChannelsPhrase
from tests.harness.guarded_stack import (
    ADMIN_GROUP,
    GROUP_MEMBER,
    OWNER,
    buttons,
    find_message,
    press,
    words_on,
)
from tests.harness.processes import PATIENCE_S, wait_until
from tests.harness.stack import TOKEN, Stack

QUESTION = "Прикажете читать"


@pytest.fixture
def stack(guarded_stack: Stack) -> Stack:
    return guarded_stack


@pytest.fixture
def channel(stack: Stack, chat_id: int) -> int:
    return stack.telegram.create_channel(f"Гавань {chat_id}", from_={"id": chat_id, "first_name": "Анна"})


def read_posts(stack: Stack, channel: int) -> dict[int, str]:
    found = stack.database().channel_posts.find({"channel_id": str(channel)})
    return {post["message_id"]: post["text"] for post in found}


def read_channel(stack: Stack, channel: int) -> dict[str, Any]:
    found = stack.database().channels.find_one({"channel_id": str(channel)})
    assert found is not None
    return dict(found)


def decide(stack: Stack, channel: int, phrase: ChannelsPhrase) -> str:
    message_id = find_message(stack.telegram, OWNER, QUESTION, str(channel))["message_id"]
    offered = buttons(stack.telegram, OWNER, message_id)
    return press(stack.telegram, OWNER, message_id, offered[words_on(phrase)])


def test_a_channel_is_read_from_an_admins_word_until_it_throws_the_bot_out(
    stack: Stack, channel: int, chat_id: int
) -> None:
    telegram, title = stack.telegram, f"«Гавань {chat_id}», {channel}"
    info = requests.get(f"{telegram.url}/bot{TOKEN}/getWebhookInfo", timeout=PATIENCE_S)
    registered = info.json()["result"]
    assert registered["allowed_updates"] == list(HANDLED_KINDS)
    telegram.add_bot(channel)
    in_group = find_message(telegram, ADMIN_GROUP, QUESTION, str(channel), f"Впустил: Анна, {chat_id}")
    telegram.publish(channel, "До распоряжения")
    telegram.ask(chat_id, "Пустите")
    outsider = press(telegram, chat_id, telegram.messages(chat_id)[-1]["message_id"], f"channel:on:{channel}")
    stack.wait_until_settled()
    assert (outsider, read_channel(stack, channel)["state"]) == ("", "found")

    toast = decide(stack, channel, ChannelsPhrase.READ_BUTTON)
    late = press(telegram, ADMIN_GROUP, in_group["message_id"], f"channel:off:{channel}", from_=GROUP_MEMBER)

    decided = {"channel": title, "state": "читать"}
    assert toast == words_on(ChannelsPhrase.DECIDED_TOAST, **decided)
    assert late == words_on(ChannelsPhrase.DECIDED_ALREADY_TOAST, **decided, decider=f"Павел, {OWNER}")
    for chat in (OWNER, ADMIN_GROUP):
        revised = find_message(telegram, chat, str(channel), "Решение: читать", f"Решил: Павел, {OWNER}")
        assert buttons(telegram, chat, revised["message_id"]) == {}
    assert read_channel(stack, channel)["switched_by"] == f"telegram:{OWNER}"

    yesterday = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    first = telegram.publish(channel, "Мост закрыт", date=yesterday, author_signature="Редакция")
    second = telegram.publish(channel, "Снимок моста", photo=b"JFIF", media_group_id="1")
    telegram.edit_post(channel, first, "Мост закрыт до пятницы")
    wait_until(
        lambda: read_posts(stack, channel) == {first: "Мост закрыт до пятницы", second: "Снимок моста"},
        what="the posts",
    )
    stored = stack.database().channel_posts.find_one({"channel_id": str(channel), "message_id": first})
    assert stored is not None
    assert (stored["posted_at"].replace(tzinfo=UTC), stored["author"]) == (yesterday, "Редакция")

    telegram.remove_bot(channel)
    find_message(telegram, OWNER, "отказал мне от места", str(channel))
    telegram.add_bot(channel)
    find_message(telegram, ADMIN_GROUP, "впустил меня снова", str(channel), "распоряжение: читать")
    third = telegram.publish(channel, "Мост открыт")
    wait_until(lambda: third in read_posts(stack, channel), what="the post after the return")
    stack.wait_until_settled()
    updates = list(stack.database().inbox_updates.find({"chat_id": str(channel)}))
    assert {update["payload"] for update in updates} == {""}
    assert telegram.answers(channel) == []


def test_no_post_is_lost_or_stored_twice_though_a_worker_is_killed_and_telegram_repeats_itself(
    stack: Stack, channel: int
) -> None:
    telegram = stack.telegram
    telegram.add_bot(channel)
    decide(stack, channel, ChannelsPhrase.READ_BUTTON)
    before = telegram.publish(channel, "Мост закрыт")
    wait_until(lambda: before in read_posts(stack, channel), what="the first post")

    stack.worker.kill()
    numbers = [telegram.publish(channel, f"Запись {number}") for number in range(5)]
    telegram.edit_post(channel, numbers[0], "Запись 0, поправленная")
    chat = {"id": channel, "type": "channel", "title": "Гавань"}
    late = {
        "message_id": before,
        "date": int(datetime.now(UTC).timestamp()) - 60,
        "chat": chat,
        "text": "Мост",
    }
    for _ in range(2):
        telegram.deliver({"update_id": 7_000_000 + before, "channel_post": late})  # older than what is stored
    stack.worker.start()

    expected = {number: f"Запись {place}" for place, number in enumerate(numbers)}
    expected |= {numbers[0]: "Запись 0, поправленная", before: "Мост закрыт"}
    wait_until(lambda: read_posts(stack, channel) == expected, what="all posts")
    stack.wait_until_settled()
    assert read_posts(stack, channel) == expected
    counted = 'channel_posts_total{outcome="outdated",source="telegram"}'
    assert counted in stack.read_metrics("worker")
