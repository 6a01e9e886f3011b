"""What a channel is, who has said so, and what the admins have yet to hear of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from digests.domain import channels
from digests.domain.channels import SeenChannel
from digests.enums import ChannelNews, ChannelState
from digests.errors import UnknownChannel
from digests.models import Channel
from tests.factories.digests import ChannelFactory

pytestmark = pytest.mark.django_db

HARBOUR = SeenChannel(channel_id="-1001000000007", title="Гавань", username="harbour")
AT = datetime(2026, 3, 10, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ADMIN = "telegram:900"


def get_in(at: datetime = AT) -> Channel:
    channel = channels.note_membership(HARBOUR, is_member=True, at=at)
    assert channel is not None
    return channel


def get_out(at: datetime) -> Channel | None:
    return channels.note_membership(HARBOUR, is_member=False, at=at)


def told(channel: Channel) -> None:
    channels.mark_told(channel)
    assert Channel.objects.get(pk=channel.pk).untold == ""


def test_a_channel_that_lets_the_bot_in_waits_for_a_decision_that_is_made_once() -> None:
    found = get_in()
    assert (found.state, found.untold, found.added_at, found.time_zone) == (
        ChannelState.FOUND,
        ChannelNews.FOUND,
        AT,
        "Europe/Moscow",
    )
    told(found)

    first = channels.switch_on(HARBOUR.channel_id, by=ADMIN, expected=ChannelState.FOUND)
    second = channels.switch_off(HARBOUR.channel_id, by="telegram:901", expected=ChannelState.FOUND)

    assert (first.is_new, second.is_new) == (True, False)
    stored = Channel.objects.get()
    assert (stored.state, stored.switched_by, stored.untold) == (
        ChannelState.ON,
        ADMIN,
        ChannelNews.DECIDED,
    )
    assert [channel.channel_id for channel in channels.list_read()] == [HARBOUR.channel_id]
    get_in(AT + SECOND)  # other rights: nothing has changed
    assert Channel.objects.get().added_at == AT


def test_staff_may_decide_again_and_again_but_not_about_a_channel_that_threw_the_bot_out() -> None:
    get_in()

    assert channels.switch_off(HARBOUR.channel_id, by="staff:anna").is_new
    assert channels.switch_on(HARBOUR.channel_id, by="staff:anna").is_new
    assert not channels.switch_on(HARBOUR.channel_id, by="staff:anna").is_new
    get_out(AT + SECOND)
    assert not channels.switch_off(HARBOUR.channel_id, by="staff:anna").is_new
    with pytest.raises(UnknownChannel):
        channels.switch_on("-1001", by="staff:anna")


def test_a_channel_that_lets_the_bot_in_again_is_what_it_was_before() -> None:
    for decide, state, news in (
        (None, ChannelState.FOUND, ChannelNews.FOUND),
        (channels.switch_on, ChannelState.ON, ChannelNews.BACK),
        (channels.switch_off, ChannelState.OFF, ChannelNews.BACK),
    ):
        Channel.objects.all().delete()
        get_in()
        if decide:
            decide(HARBOUR.channel_id, by=ADMIN)
        left = get_out(AT + 2 * SECOND)
        assert left is not None
        assert (left.state, left.state_before, left.untold) == (ChannelState.LEFT, state, ChannelNews.LEFT)
        told(left)

        assert get_in(AT + SECOND).state == ChannelState.LEFT  # news of before, that came late
        back = get_in(AT + 3 * SECOND)

        assert (back.state, back.state_before, back.untold) == (state, "", news)
        get_out(AT + 2 * SECOND)
        assert Channel.objects.get().state == state


def test_a_channel_that_was_never_seen_cannot_throw_the_bot_out() -> None:
    assert get_out(AT) is None
    assert not Channel.objects.exists()


def test_a_post_shows_that_the_bot_is_a_member_and_tells_the_channels_new_name() -> None:
    found = channels.note_post(HARBOUR, at=AT)
    assert (found.state, found.untold) == (ChannelState.FOUND, ChannelNews.FOUND)
    told(found)
    get_out(AT + SECOND)

    assert channels.note_post(HARBOUR, at=AT + SECOND).state == ChannelState.LEFT
    renamed = SeenChannel(channel_id=HARBOUR.channel_id, title="Порт")
    assert channels.note_post(renamed, at=AT + 2 * SECOND).state == ChannelState.FOUND

    stored = Channel.objects.get()
    assert (stored.title, stored.username) == ("Порт", "")


def test_an_imported_channel_is_off_until_the_bot_gets_in_and_somebody_decides() -> None:
    imported = channels.note_import(HARBOUR.channel_id, title="Гавань")
    assert (imported.state, imported.untold) == (ChannelState.OFF, "")
    assert channels.note_import(HARBOUR.channel_id, title="Другая").title == "Гавань"

    assert get_in().state == ChannelState.FOUND
    channels.switch_off(HARBOUR.channel_id, by=ADMIN)
    assert channels.note_post(HARBOUR, at=AT + SECOND).state == ChannelState.OFF


def test_what_becomes_of_a_channel_while_the_admins_are_being_told_is_told_as_well() -> None:
    get_in()
    (telling,) = channels.list_untold([ChannelNews.FOUND], before=timezone.now(), limit=9)
    channels.switch_on(HARBOUR.channel_id, by=ADMIN)

    channels.mark_told(telling)

    untold = channels.list_untold(list(ChannelNews), before=timezone.now(), limit=9)
    assert [found.untold for found in untold] == ["decided"]


def test_a_channel_is_found_by_whatever_people_call_it() -> None:
    port = ChannelFactory.create(title="Порт и причалы", username="Port_News")
    news = ChannelFactory.create(title="Порт", username="")
    left = ChannelFactory.create(title="Маяк", username="", state=ChannelState.LEFT)
    ChannelFactory.create(title="Тайный", username="secret", state=ChannelState.OFF)
    ChannelFactory.create(title="Маяковский", username="")

    for text in (
        "@port_news",
        "https://t.me/PORT_news",
        "t.me/port_news/17",
        "port_news",
        "порт и",
        port.channel_id,
    ):
        assert channels.find_channel(text) == port
    assert channels.find_channel(port.channel_id.removeprefix("-100")) == port
    assert channels.find_channel("  ПОРТ ") == news
    assert channels.find_channel("маяк") == left
    for text in ("", "@", "по", "причалы", "тайный", "@secret", "-1", "²", "мая"):
        with pytest.raises(UnknownChannel):
            channels.find_channel(text)
    assert channels.find_channel("@secret", states=[ChannelState.OFF]).title == "Тайный"


def test_a_time_zone_has_to_exist() -> None:
    channel = ChannelFactory.create()

    assert channels.set_time_zone(channel.channel_id, "Asia/Omsk").time_zone == "Asia/Omsk"
    with pytest.raises(ValueError, match="unknown time zone"):
        channels.set_time_zone(channel.channel_id, "Луна")


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1234567890, "-1001234567890"), (7, "-1000000000007"), (-1001234567890, "-1001234567890")],
)
def test_exports_leave_the_prefix_of_an_id_out(number: int, expected: str) -> None:
    assert channels.to_bot_api_id(number) == expected
