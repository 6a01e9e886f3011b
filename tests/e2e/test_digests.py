"""Digests through the whole stack: asked for, written, subscribed to, sent at the hour, ended by the channel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from botgateway.wording.digests import DigestsPhrase
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.phrase import say_plain
from botgateway.wording.times import say_date
from digests.domain.calendar import DAY
from tests.harness.days import find_quiet_zone
from tests.harness.guarded_stack import buttons, find_message, press
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.harness.tasks import send_task
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

MOSCOW = ZoneInfo("Europe/Moscow")  # of the house
DIGEST = "- Открыт мост через Лугу. [1]\n- Театр закрыт до осени. [2]"
STATEMENTS = ["• Открыт мост через Лугу. 12:00", "• Театр закрыт до осени. 12:01"]
HOUR = {"hour": "9:00", "zone": "по московскому времени"}


@pytest.fixture
def noon() -> datetime:
    """Yesterday's, where the channel is: its day does not end while a test runs."""
    now = datetime.now(ZoneInfo(find_quiet_zone()))
    return now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def channel(stack: Stack, chat_id: int, noon: datetime) -> int:
    """A channel that is read, with two posts of yesterday; the second holds the channel's own word."""
    telegram, channels = stack.telegram, stack.database().channels
    owner = {"id": chat_id, "first_name": "Анна"}
    channel = telegram.create_channel(f"Заречье {chat_id}", from_=owner, username=f"zarechye_{chat_id}")
    telegram.add_bot(channel)
    known = {"channel_id": str(channel)}
    wait_until(lambda: channels.find_one(known), what="the channel")
    is_read = {"state": "on", "switched_at": datetime.now(MOSCOW), "time_zone": str(noon.tzinfo)}
    channels.update_one(known, {"$set": is_read})
    telegram.publish(channel, "Мост через Лугу открыли в полдень.", date=noon)
    telegram.publish(channel, f"Театр {chat_id} закрыт до осени.", date=noon + timedelta(minutes=1))
    posts = stack.database().channel_posts
    wait_until(lambda: posts.count_documents(known) == 2, what="the posts")
    return channel


def subscription(stack: Stack, chat_id: int) -> dict[str, Any]:
    return stack.database().subscriptions.find_one({"user_id": str(chat_id)}) or {}


def latest(telegram: SandboxClient, chat_id: int, *words: str) -> dict[str, str]:
    """Wait for a message with these words; return its buttons, by what stands on them."""
    return buttons(telegram, chat_id, find_message(telegram, chat_id, *words)["message_id"])


def label(phrase: DigestsPhrase, **slots: object) -> str:
    return say_plain(phrase, language="ru", **slots)


def test_a_digest_is_written_for_who_asks_and_sent_to_who_subscribes_until_the_channel_is_lost(
    stack: Stack, model: LLMStandIn, channel: int, chat_id: int, noon: datetime
) -> None:
    telegram, name = stack.telegram, f"@zarechye_{chat_id}"
    model.script({"kind": "answer", "match": f"Театр {chat_id}", "text": DIGEST, "times": 0})

    telegram.write(chat_id, f"/digest {name} вчера")
    digest = find_message(telegram, chat_id, f"Заречье {chat_id} — {noon.day} ", *STATEMENTS)
    asked = len(model.requests())
    assert list(buttons(telegram, chat_id, digest["message_id"])) == [label(DigestsPhrase.SUBSCRIBE_BUTTON)]
    assert len(telegram.wait_for_whole_answers(chat_id, 1)) == 1  # that it was being written gave way to it

    day = noon.date().isoformat()
    toast = press(telegram, chat_id, digest["message_id"], f"digest:sub:{channel}:{day}")
    assert toast == label(DigestsPhrase.SUBSCRIBED_TOAST, **HOUR)
    under = buttons(telegram, chat_id, digest["message_id"])
    assert under == {label(DigestsPhrase.UNSUBSCRIBE_BUTTON): f"digest:unsub:{channel}:{day}"}
    assert subscription(stack, chat_id)["delivered_day"] in (day, (noon.date() - DAY).isoformat())

    hour = datetime.now(MOSCOW).hour  # that of yesterday's digest, until it comes again
    hours = telegram.ask(chat_id, f"/subscribe {name} {hour}")
    assert hours.startswith(f"Обзор канала «Заречье {chat_id}» приходит Вам ежедневно в {hour}:00")
    known = len(telegram.answers(chat_id))
    stack.database().subscriptions.update_one({"user_id": str(chat_id)}, {"$set": {"delivered_day": ""}})
    for _ in range(2):
        send_task(stack, "botgateway.deliver_digests")
    sent = telegram.wait_for_whole_answers(chat_id, known + 1)[-1]
    assert sent.splitlines()[2:] == STATEMENTS
    wait_until(lambda: subscription(stack, chat_id)["delivered_day"] == day, what="the note of the delivery")
    delivered = find_message(telegram, chat_id, *STATEMENTS)
    assert buttons(telegram, chat_id, delivered["message_id"]) == under

    posts = stack.database().channel_posts
    bridge = posts.find_one({"channel_id": str(channel), "text": {"$regex": "^Мост"}}) or {}
    telegram.edit_post(channel, bridge["message_id"], "Мост через Лугу открыли в полдень. И закрыли в час.")
    wait_until(lambda: posts.count_documents({"text": {"$regex": "в час"}}), what="the edit")
    telegram.remove_bot(channel)
    wait_until(
        lambda: stack.database().channels.count_documents({"channel_id": str(channel), "state": "left"}),
        what="the loss of the channel",
    )
    send_task(stack, "botgateway.deliver_digests")
    farewell = shown(DigestsPhrase.FAREWELL, channel=f"Заречье {chat_id}")
    assert telegram.wait_for_whole_answers(chat_id, known + 2)[known:] == [sent, farewell]
    wait_until(lambda: not subscription(stack, chat_id), what="the end of the subscription")
    gone = telegram.ask(chat_id, f"/digest {name} позавчера")
    assert gone == shown(DigestsPhrase.GONE, channel=f"Заречье {chat_id}")
    edited = shown(DigestsPhrase.EDITED_SINCE, count=1)
    kept = telegram.ask(chat_id, f"/digest {name} вчера").splitlines()[2:]
    assert kept == [*STATEMENTS, "", edited]  # what was written stays
    assert len(model.requests()) == asked


def test_what_there_is_no_digest_of_is_said_and_nothing_is_written_in_vain(
    stack: Stack, model: LLMStandIn, channel: int, chat_id: int
) -> None:
    telegram, name = stack.telegram, f"@zarechye_{chat_id}"
    model.script({"kind": "status", "status": 500, "match": f"Театр {chat_id}", "times": 0})
    failed = shown(DigestsPhrase.FAILED)

    def answer_to(text: str) -> str:
        return telegram.ask(chat_id, text)

    assert answer_to(f"/digest {name} сегодня") == shown(DigestsPhrase.NOT_TODAY)
    offered = latest(telegram, chat_id, shown(DigestsPhrase.NOT_TODAY))
    (action,) = offered.values()
    press(telegram, chat_id, telegram.messages(chat_id)[-1]["message_id"], action)
    find_message(telegram, chat_id, failed)
    asked = len(model.requests())
    telegram.write(chat_id, f"/digest {name} вчера")  # so soon after a failure no other attempt is made
    wait_until(lambda: sum(failed in text for text in telegram.answers(chat_id)) == 2)
    assert len(model.requests()) == asked
    stored = stack.database().digests.find_one({"channel_id": str(channel)})
    assert stored is not None
    assert (stored["status"], stored["attempts"]) == ("failed", 1)

    assert answer_to(f"/digest {name} 2090-01-01") == shown(DigestsPhrase.NOT_YET)
    assert answer_to(f"/digest {name} 2020-01-01") == shown(
        DigestsPhrase.UNKNOWN_DAY, channel=f"Заречье {chat_id}", date="1 января 2020 г."
    )
    assert answer_to(f"/digest {name} 31.02") == shown(DigestsPhrase.BAD_DAY)
    assert answer_to("/digest @nobody вчера") == shown(DigestsPhrase.NO_SUCH_CHANNEL)
    assert answer_to(f"/subscribe {name} 25") == shown(DigestsPhrase.BAD_HOUR)
    assert answer_to("/unsubscribe") == shown(DigestsPhrase.NO_SUBSCRIPTIONS)
    assert answer_to(f"/unsubscribe {name}") == shown(
        DigestsPhrase.NOT_SUBSCRIBED, channel=f"Заречье {chat_id}"
    )
    stack.database().channels.update_one({"channel_id": str(channel)}, {"$set": {"state": "off"}})
    assert answer_to(f"/digest {name}") == shown(DigestsPhrase.NO_SUCH_CHANNEL)


def test_a_name_that_several_channels_have_is_answered_with_these_as_buttons_and_the_day_is_kept(
    stack: Stack, channel: int, chat_id: int, noon: datetime
) -> None:
    telegram, known, yesterday = stack.telegram, stack.database().channels, noon.date().isoformat()
    titles = [f"Заречье {chat_id} {letter}" for letter in "абвгдежзи"]
    record = known.find_one({"channel_id": str(channel)}, {"_id": 0}) or {}
    others = [f"{channel}{place}" for place in range(len(titles))]
    known.insert_many(
        {**record, "channel_id": number, "title": title, "username": ""}
        for number, title in zip(others, titles, strict=True)
    )
    known.update_one({"channel_id": str(channel)}, {"$set": {"title": "Порт"}})

    asked = telegram.ask(chat_id, f"/digest заречье {chat_id}  вчера")
    message_id = telegram.messages(chat_id)[-1]["message_id"]
    first = buttons(telegram, chat_id, message_id)
    press(telegram, chat_id, message_id, first.pop("2 →"))
    wait_until(lambda: titles[-1] in buttons(telegram, chat_id, message_id), what="the second page")
    second = buttons(telegram, chat_id, message_id)

    day = say_date(noon.date(), language="ru")
    assert asked == shown(DigestsPhrase.SEVERAL_OF_DAY, date=day)
    assert first == {
        title: f"digest:show:{number}:{yesterday}"
        for title, number in zip(titles[:-1], others[:-1], strict=True)
    }
    assert [*second] == [titles[-1], "← 1"]
    known.update_many({"channel_id": {"$in": others[:2]}}, {"$set": {"title": f"Заречье {chat_id}"}})
    known.update_one({"channel_id": others[1]}, {"$set": {"username": "namesake"}})
    assert telegram.ask(chat_id, f"/digest заречье {chat_id}") == shown(DigestsPhrase.SEVERAL)
    namesakes = buttons(telegram, chat_id, telegram.messages(chat_id)[-1]["message_id"])
    assert namesakes == {
        f"Заречье {chat_id} ({others[0]})": f"digest:show:{others[0]}:",
        f"Заречье {chat_id} (@namesake)": f"digest:show:{others[1]}:",
    }

    known.update_many({"channel_id": {"$in": others[1:]}}, {"$set": {"state": "off"}})
    outdated = press(telegram, chat_id, message_id, second[titles[-1]])
    press(telegram, chat_id, message_id, first[titles[0]])
    find_message(telegram, chat_id, shown(DigestsPhrase.UNKNOWN_DAY, channel=f"Заречье {chat_id}", date=day))
    assert outdated == say_plain(GeneralPhrase.BUTTON_OUTDATED, language="ru")
    for odd in (f"digest:alike:0::{others[1]}:9", f"digest:alike:0::{others[0]}:x", "digest:alike:0"):
        assert press(telegram, chat_id, message_id, odd) == outdated
    known.update_many({"channel_id": {"$in": [str(channel), others[0]]}}, {"$set": {"state": "off"}})


def test_subscriptions_are_made_changed_and_ended_by_buttons(
    stack: Stack, channel: int, chat_id: int
) -> None:
    telegram, title = stack.telegram, f"Заречье {chat_id}"

    assert telegram.ask(chat_id, "/subscribe") == shown(DigestsPhrase.CHOOSE_SUBSCRIPTIONS)
    message_id = telegram.messages(chat_id)[-1]["message_id"]
    press(telegram, chat_id, message_id, f"subscription:take:{channel}")
    subscribed = find_message(telegram, chat_id, f"«{title}» приходит Вам ежедневно в 9:00")
    assert (subscribed["message_id"], subscription(stack, chat_id)["hour"]) == (message_id, 9)
    assert "✓ 9" in buttons(telegram, chat_id, message_id)
    press(telegram, chat_id, message_id, f"subscription:hour:{channel}:21")
    find_message(telegram, chat_id, "ежедневно в 21:00")
    outdated = press(telegram, chat_id, message_id, f"subscription:hour:{channel}:24")
    assert (outdated.startswith("Эта кнопка устарела"), subscription(stack, chat_id)["hour"]) == (True, 21)

    own = telegram.ask(chat_id, "/unsubscribe")
    assert own.splitlines()[-1] == f"• «{title}» — в 21:00 по московскому времени"
    message_id = telegram.messages(chat_id)[-1]["message_id"]
    drop = f"subscription:drop:{channel}"
    assert buttons(telegram, chat_id, message_id) == {f"✓ {title}": drop}
    assert press(telegram, chat_id, message_id, drop) == label(DigestsPhrase.UNSUBSCRIBED_TOAST)
    find_message(telegram, chat_id, shown(DigestsPhrase.NO_SUBSCRIPTIONS))
    assert subscription(stack, chat_id) == {}
