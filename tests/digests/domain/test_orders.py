from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from digests.domain.orders import DigestOrder, read_day, read_digest_order, read_subscription_order
from digests.enums import ChannelState
from digests.errors import OrderUnreadable, UnknownChannel
from tests.factories.digests import ChannelFactory

TODAY = date(2026, 3, 11)
NOW = datetime(2026, 3, 11, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("сегодня", "2026-03-11"),
        ("Вчера", "2026-03-10"),
        ("позавчера", "2026-03-09"),
        ("today", "2026-03-11"),
        ("yesterday", "2026-03-10"),
        ("завтра", "2026-03-12"),  # that it has yet to come is said by whoever is asked for it
        ("2026-03-01", "2026-03-01"),
        ("2027-01-01", "2027-01-01"),
        ("10.03", "2026-03-10"),
        ("1.3.", "2026-03-01"),
        ("11.03", "2026-03-11"),
        ("12.03", "2025-03-12"),
        ("29.02", "2024-02-29"),
        ("31.12.2024", "2024-12-31"),
    ],
)
def test_a_day_is_named_in_many_ways(word: str, expected: str) -> None:
    day = read_day(word, today=TODAY)

    assert day is not None
    assert day.isoformat() == expected


@pytest.mark.parametrize(
    "word", ["", "скоро", "31.02", "30.02", "2026-13-01", "0.0", "10.3.26", "١٠.٠٣", "9", "10,03"]
)
def test_what_is_no_day_is_none(word: str) -> None:
    assert read_day(word, today=TODAY) is None


@pytest.mark.django_db
def test_a_digest_is_ordered_by_channel_and_day_and_a_title_may_end_like_one() -> None:
    news = ChannelFactory.create(title="Москва", username="moscow")
    today = ChannelFactory.create(title="Москва сегодня", username="moscow_today")
    far = ChannelFactory.create(title="Владивосток", time_zone="Asia/Vladivostok")
    late = datetime(2026, 3, 11, 20, tzinfo=UTC)  # the twelfth has begun there

    def read(text: str, now: datetime = NOW) -> DigestOrder:
        return read_digest_order(text, now=now)

    assert read("@moscow") == DigestOrder(news)
    assert read("москва  СЕГОДНЯ") == DigestOrder(today)
    assert read("москва сегодня 10.03") == DigestOrder(today, date(2026, 3, 10))
    assert read("https://t.me/moscow yesterday") == DigestOrder(news, date(2026, 3, 10))
    assert read("владивосток вчера", late) == DigestOrder(far, date(2026, 3, 11))
    assert read("вчера") == DigestOrder(None, date(2026, 3, 10))
    for text in ("@nobody", "@nobody вчера", "@nobody 31.02", "скоро"):
        with pytest.raises(UnknownChannel):
            read(text)
    for text in ("@moscow скоро", "@moscow 2026-02-30"):
        with pytest.raises(OrderUnreadable):
            read(text)


@pytest.mark.django_db
def test_a_name_that_several_channels_have_leaves_the_choice_and_keeps_the_day() -> None:
    sport = ChannelFactory.create(title="Вести: спорт", time_zone="Asia/Vladivostok")
    city = ChannelFactory.create(title="Вести: город", time_zone="Asia/Vladivostok")
    ChannelFactory.create(title="Вести тайные", state=ChannelState.OFF)
    daily, weekly = (
        ChannelFactory.create(title="Вчера за день"),
        ChannelFactory.create(title="Вчера и всегда"),
    )
    late = datetime(2026, 3, 11, 20, tzinfo=UTC)  # the twelfth has begun where the news are from

    def read(text: str) -> DigestOrder:
        return read_digest_order(text, now=late)

    assert read("ВЕСТИ") == DigestOrder(None, choice=(city, sport), name="ВЕСТИ")
    assert read("вести вчера") == DigestOrder(None, date(2026, 3, 11), choice=(city, sport), name="вести")
    assert read("вести: с вчера") == DigestOrder(sport, date(2026, 3, 11))
    assert read("вчера") == DigestOrder(None, date(2026, 3, 10))  # which leaves no choice
    assert read("вче") == DigestOrder(None, choice=(daily, weekly), name="вче")
    with pytest.raises(OrderUnreadable):
        read("вести скоро")
    with pytest.raises(UnknownChannel):
        read("новости вчера")


@pytest.mark.django_db
def test_a_subscription_is_ordered_by_channel_and_hour_and_a_title_may_end_with_a_number() -> None:
    radio = ChannelFactory.create(title="Радио 7")
    ChannelFactory.create(title="Тайное", username="secret", state=ChannelState.OFF)

    def read(text: str) -> tuple[str, int | None]:
        order = read_subscription_order(text)
        return order.channel.channel_id, order.hour

    own = radio.channel_id
    assert [read(text) for text in ("радио 7", "Радио 7 9", "радио 7 09:00", "радио 7 0", "радио 7 25")] == [
        (own, None),
        (own, 9),
        (own, 9),
        (own, 0),
        (own, 25),
    ]
    for text in ("9", "@secret", "@secret 9", "@secret 9:30", "радио 7 в девять"):
        with pytest.raises(UnknownChannel):
            read(text)
    for text in ("радио 7 9:30", "радио 7 -1", "радио 7 девять"):
        with pytest.raises(OrderUnreadable):
            read(text)
