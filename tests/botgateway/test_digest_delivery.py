"""Digests for subscribers by the database: to whom, once, and what is said where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from botgateway.domain import broadcasts, digest_delivery, notices
from botgateway.domain.broadcast_lanes import find_work
from botgateway.domain.broadcasts import BATCH_PEOPLE, LANES
from botgateway.domain.digest_messages import write_digest
from botgateway.enums import AccessState, BroadcastStatus, NoticeStatus
from botgateway.models import Broadcast, Notice, Person
from botgateway.wording.digests import DigestsPhrase
from botgateway.wording.phrase import say
from digests.domain.due import MAX_ATTEMPTS
from digests.domain.subscriptions import subscribe
from digests.enums import ChannelState, DigestStatus
from digests.models import Channel, Digest, Subscription
from personalization.models import UserProfile
from tests.factories.digests import ChannelFactory, DigestFactory

pytestmark = pytest.mark.django_db

DAY_BEFORE = datetime(2026, 3, 10, 12, tzinfo=UTC)
NINE = datetime(2026, 3, 11, 6, tzinfo=UTC)  # in Moscow
PEOPLE = ["1", "2", "3"]


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.ACCESS_POLICY, settings.ADMIN_CHAT_IDS = "approval", []
    settings.TIME_ZONE, settings.DIGEST_DELIVERY_HOUR = "Europe/Moscow", 9


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory.create(channel_id="-1002000000001", title="Заречье *день*")


def add_subscribers(channel: Channel, *user_ids: str, hour: int = 9) -> None:
    known = set(Person.objects.values_list("user_id", flat=True))
    Person.objects.bulk_create(
        Person(user_id=user_id, chat_id=user_id, access_state=AccessState.APPROVED)
        for user_id in user_ids
        if user_id not in known
    )
    for user_id in user_ids:
        subscribe(user_id, channel, now=DAY_BEFORE, hour=hour)


def deliver(now: datetime = NINE) -> list[Notice]:
    """Begin what is due and file it; return what the lanes have to send now."""
    for key in digest_delivery.begin_due(now):
        while broadcasts.go_on(key):
            pass
    return [notice for lane in range(LANES) for notice in find_work(lane).notices]


def send_all(waiting: list[Notice]) -> Iterator[tuple[str, str, list[str]]]:
    """Deliver copies; yield whom, what and with which buttons."""
    for number, notice in enumerate(waiting, start=1):
        assert notices.begin_delivery(notice)
        broadcast = Broadcast.objects.get(pk=notice.broadcast_id)
        text, keyboard = broadcasts.open_copies(broadcast)(notice)
        notices.mark_sent(notice, [number])
        yield notice.chat_id, text, [button.action for row in keyboard for button in row]
    for lane in range(LANES):
        find_work(lane)


def test_each_subscriber_is_given_a_digest_once_when_their_hour_comes(channel: Channel) -> None:
    DigestFactory.create(channel_id=channel.channel_id)
    add_subscribers(channel, *PEOPLE)
    add_subscribers(channel, "4", hour=10)
    Person.objects.filter(user_id="2").update(access_state=AccessState.BLOCKED)
    Person.objects.create(
        user_id="5", chat_id="5", access_state=AccessState.APPROVED
    )  # subscribes to nothing
    UserProfile.objects.create(user_id="3", language="en")
    assert deliver(NINE - timedelta(minutes=1)) == []

    sent = {chat: (text, actions) for chat, text, actions in send_all(deliver())}

    summary = Digest.objects.get().summary
    button = [f"digest:unsub:{channel.channel_id}:2026-03-10"]
    assert sent == {
        "1": (f"**Заречье \\*день\\* — 10 марта 2026 г\\.**\n\n{summary}", button),
        "3": (f"**Заречье \\*день\\*, March 10, 2026**\n\n{summary}", button),
    }
    finished = Broadcast.objects.get()
    assert (finished.status, finished.sent, finished.expires_at is None) == (BroadcastStatus.DONE, 2, False)
    assert deliver(NINE + timedelta(minutes=1)) == []
    assert Broadcast.objects.count() == 1
    assert [notice.chat_id for notice in deliver(NINE + timedelta(hours=1))] == ["4"]


def test_a_late_digest_is_delivered_when_it_is_there_and_one_day_late_not_at_all(channel: Channel) -> None:
    add_subscribers(channel, *PEOPLE)
    assert deliver() == []
    DigestFactory.create(channel_id=channel.channel_id)

    assert deliver(NINE + timedelta(days=1)) == []
    assert len(deliver(NINE + timedelta(hours=23))) == len(PEOPLE)


def test_filing_that_is_killed_anywhere_reaches_everybody_once(channel: Channel) -> None:
    ids = [f"{number:04}" for number in range(BATCH_PEOPLE + 5)]
    add_subscribers(channel, *ids)
    DigestFactory.create(channel_id=channel.channel_id)
    (key,) = digest_delivery.begin_due(NINE)
    assert digest_delivery.begin_due(NINE) == []  # one is being filed

    assert broadcasts.go_on(key)
    Broadcast.objects.filter(pk=key).update(filed=0, filed_until="")  # killed before this was noted
    Subscription.objects.filter(user_id__lt="0100").update(delivered_day="")  # and before that
    while broadcasts.go_on(key):
        pass

    assert Counter(Notice.objects.values_list("chat_id", flat=True)) == Counter(ids)
    assert not Subscription.objects.exclude(delivered_day="2026-03-10").exists()
    # Who has had it and names a later hour is not given it again.
    Subscription.objects.filter(user_id="0001").update(delivered_day="2026-03-09")
    deliver()
    assert Notice.objects.filter(chat_id="0001").count() == 1


def test_nothing_is_sent_of_a_day_without_news_and_word_of_a_failure_only_when_it_is_final(
    channel: Channel,
) -> None:
    quiet = ChannelFactory.create(title="Тихий")
    add_subscribers(quiet, *PEOPLE)
    add_subscribers(channel, "1")
    DigestFactory.create(channel_id=quiet.channel_id, status=DigestStatus.EMPTY, summary="")
    failed = DigestFactory.create(
        channel_id=channel.channel_id, status=DigestStatus.FAILED, attempts=MAX_ATTEMPTS - 1, summary=""
    )
    assert deliver() == []
    assert Broadcast.objects.count() == 0
    Digest.objects.filter(pk=failed.pk).update(attempts=MAX_ATTEMPTS)

    ((chat, text, _),) = send_all(deliver())

    assert (chat, text.splitlines()[-1][:24]) == ("1", "За этот день обзора, увы")
    assert deliver() == []


def test_subscribers_of_a_channel_that_is_lost_are_told_so_once_and_their_subscriptions_end(
    channel: Channel,
) -> None:
    add_subscribers(channel, *PEOPLE, hour=23)
    Person.objects.filter(user_id="2").update(access_state=AccessState.BLOCKED)
    Channel.objects.filter(pk=channel.pk).update(state=ChannelState.LEFT)

    told = list(send_all(deliver()))

    assert [(chat, buttons) for chat, _, buttons in told] == [("1", []), ("3", [])]
    assert all("Заречье" in text for _, text, _ in told)
    assert Subscription.objects.count() == 0
    assert deliver() == []


def test_who_unsubscribes_while_a_copy_waits_is_sent_none(channel: Channel) -> None:
    add_subscribers(channel, *PEOPLE)
    DigestFactory.create(channel_id=channel.channel_id)
    deliver()

    digest_delivery.unsubscribe("2", channel.channel_id)

    assert sorted(notice.chat_id for lane in range(LANES) for notice in find_work(lane).notices) == ["1", "3"]
    assert Notice.objects.get(chat_id="2").status == NoticeStatus.CANCELLED
    assert Subscription.objects.count() == 2


def test_a_digest_of_made_up_posts_says_so(channel: Channel) -> None:
    real, made_up = (
        write_digest(DigestFactory.build(is_synthetic=is_synthetic), channel, "ru")
        for is_synthetic in (False, True)
    )

    assert made_up.removeprefix(real).strip() == say(DigestsPhrase.MADE_UP, language="ru")
