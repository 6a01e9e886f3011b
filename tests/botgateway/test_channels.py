"""What channels send on its way through the inbox, and what the admins are told of channels."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from botgateway.domain import channel_notices, inbox
from botgateway.domain.bundles import find_time_to_wait_s, next_bundle
from botgateway.domain.buttons import keyboard_from_json
from botgateway.domain.channel_updates import IncomingMembership, IncomingPost, read_channel_update
from botgateway.domain.turns import Turn
from botgateway.domain.updates import HANDLED_KINDS, KINDS, read_incoming
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import InboxUpdate, Notice
from botgateway.router import answer_bundle
from digests.domain import channels
from digests.enums import ChannelNews, ChannelState
from digests.models import Channel, ChannelPost
from redis_connection import redis_client
from tests.botgateway.test_updates import FIELDS, JSON
from tests.factories.digests import ChannelFactory

CHANNEL_ID = -1_001_000_000_007
AT = 1_773_135_000  # 10 March 2026, 9:30 UTC
HARBOUR = {"id": CHANNEL_ID, "type": "channel", "title": "Гавань", "username": "harbour"}
ADMINS = [900, -500]
ANNA = {"id": 42, "is_bot": False, "first_name": "Анна", "username": "anna"}

_update_ids = count(1)


def post(text: str = "Мост закрыт", *, edited: int = 0, **fields: Any) -> dict[str, Any]:
    body = {"message_id": 7, "date": AT, "chat": HARBOUR, "sender_chat": HARBOUR, "text": text, **fields}
    return {"edited_channel_post": {**body, "edit_date": AT + edited}} if edited else {"channel_post": body}


def membership(status: str, *, at: int = AT, chat: dict[str, Any] = HARBOUR) -> dict[str, Any]:
    member = {"status": status, "user": {"id": 1, "is_bot": True}}
    return {"my_chat_member": {"chat": chat, "from": ANNA, "date": at, "new_chat_member": member}}


def read_post(**fields: Any) -> IncomingPost:
    found = read_channel_update(post(**fields))
    assert isinstance(found, IncomingPost)
    return found


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_a_post_is_read_with_what_stands_beside_its_text() -> None:
    update = post(edited=60, author_signature="Редакция", media_group_id="album", photo=[{"file_id": "x"}])

    assert read_channel_update(update) == IncomingPost(
        chat_id=CHANNEL_ID,
        title="Гавань",
        username="harbour",
        message_id=7,
        posted_at=moment(AT),
        edited_at=moment(AT + 60),
        text="Мост закрыт",
        author="Редакция",
        media_group_id="album",
        has_media=True,
    )
    assert read_incoming(update) is None
    captioned = read_post(text=None, caption="Под снимком", video={"file_id": "x"})
    assert (captioned.text, captioned.has_media, captioned.is_service) == ("Под снимком", True, False)


def test_a_poll_is_read_as_its_question_and_the_answers_that_are_offered() -> None:
    options = [{"text": "Новый", "voter_count": 7}, {"text": ""}, {"text": "Старый"}, "?", {"text": 7}]

    found = read_post(text=None, poll={"id": "1", "question": "Какой мост строить?", "options": options})

    assert (found.text, found.has_media) == ("Какой мост строить?\n— Новый\n— Старый", True)
    for odd in ("?", {"question": 7}, {"options": 7}, {"question": " ", "options": [None]}):
        assert (read_post(text=None, poll=odd).text, read_post(text=None, poll=odd).is_service) == ("", False)


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "channel", "chat": {"title": "Порт"}, "message_id": 3}, "Порт"),
        ({"type": "chat", "sender_chat": {"title": "Клуб"}}, "Клуб"),
        ({"type": "hidden_user", "sender_user_name": "Некто"}, "Некто"),
        ({"type": "user", "sender_user": {"first_name": "Анна", "last_name": "Ли"}}, "Анна Ли"),
        ({"type": "user", "sender_user": "Анна"}, ""),
        ("Порт", ""),
    ],
)
def test_a_repost_names_whom_it_is_from(origin: object, name: str) -> None:
    assert read_post(forward_origin=origin).forwarded_from == name


@pytest.mark.parametrize("event", [{"pinned_message": {"text": "Мост"}}, {"new_chat_title": "Порт"}])
def test_what_tells_of_the_channel_itself_is_no_post(event: dict[str, Any]) -> None:
    assert read_post(text=None, **event).is_service


def test_the_bots_coming_and_going_is_read_for_channels_alone() -> None:
    added, thrown_out = (
        read_channel_update(membership("administrator")),
        read_channel_update(membership("kicked")),
    )

    assert isinstance(added, IncomingMembership)
    assert isinstance(thrown_out, IncomingMembership)
    assert (added.is_member, thrown_out.is_member, added.at) == (True, False, moment(AT))
    assert added.sender is not None
    assert added.sender.user_id == "42"
    for kind in ("group", "supergroup", "private"):
        assert read_channel_update(membership("member", chat={**HARBOUR, "type": kind})) is None


@pytest.mark.parametrize(
    "update",
    [
        post(message_id="7"),
        post(date=None),
        post(date=10**15),
        post(date=-5),
        post(chat={**HARBOUR, "id": {"$gt": 0}}),
        {"channel_post": []},
        membership("restricted"),
        {"my_chat_member": {"chat": HARBOUR, "date": AT}},
        {"message": post()["channel_post"]},
    ],
)
def test_what_cannot_be_read_is_nobodys(update: dict[str, Any]) -> None:
    assert read_channel_update(update) is None


@given(
    body=st.dictionaries(
        st.sampled_from([*FIELDS, "date", "forward_origin", "new_chat_member", "poll"]), JSON
    )
)
def test_no_update_of_a_channel_however_odd_breaks_the_reader(body: dict[str, Any]) -> None:
    for odd in (body, {**body, "chat": HARBOUR}, {**post()["channel_post"], **body}):
        for kind in ("channel_post", "my_chat_member"):
            read_channel_update({kind: odd})


def test_telegram_is_asked_for_kinds_that_it_has() -> None:
    assert set(HANDLED_KINDS) <= set(KINDS)


@pytest.fixture
def admins(settings: Settings) -> None:
    settings.ADMIN_CHAT_IDS = ADMINS
    settings.OVERDUE_AFTER_S = 0
    redis_client().delete("window:channel-notices")


def take(update: dict[str, Any]) -> tuple[InboxUpdate, tuple[str, ...]]:
    """Let an update through the inbox and to its handler; return what is left of it, and chats with notices."""
    update = {"update_id": next(_update_ids), **update}
    acceptance = inbox.accept_update(update, payload=json.dumps(update))
    assert acceptance.chat_id == str(CHANNEL_ID)
    (pending,) = inbox.list_pending(acceptance.chat_id)
    assert json.loads(pending.payload) == update
    bundle = next_bundle([pending])
    assert find_time_to_wait_s(bundle, now=pending.received_at) == 0
    handled = answer_bundle(bundle, Turn(acceptance.chat_id))
    assert handled.message_ids == []
    return InboxUpdate.objects.get(pk=pending.pk), handled.notice_chats


@pytest.mark.django_db
def test_posts_of_a_channel_that_is_read_are_stored_and_of_any_other_nothing_is_kept(admins: None) -> None:
    unread, chats = take(post("Тайна"))
    assert (unread.status, unread.payload, chats) == (UpdateStatus.IGNORED, "", ("900", "-500"))
    assert take(post("Тайна", message_id=8))[1] == ()  # the admins have been asked
    channels.switch_on(str(CHANNEL_ID), by="telegram:900")

    kept, _ = take(post())
    take(post("Мост открыт", edited=60))
    pinned, _ = take(post(text="", message_id=9, pinned_message={"message_id": 7}))

    assert (kept.status, kept.payload, kept.user_id, kept.message_id) == (UpdateStatus.ANSWERED, "", "", 7)
    assert pinned.status == UpdateStatus.IGNORED
    stored = ChannelPost.objects.get()
    assert (stored.message_id, stored.text, stored.source) == (7, "Мост открыт", "telegram")
    assert not InboxUpdate.objects.exclude(payload="").exists()


@pytest.mark.django_db
def test_a_poll_is_stored_in_words_and_so_is_what_becomes_of_it(admins: None) -> None:
    take(membership("administrator"))
    channels.switch_on(str(CHANNEL_ID), by="telegram:900")
    poll = {"question": "Какой мост строить?", "options": [{"text": "Новый"}, {"text": "Старый"}]}

    take(post(text=None, poll=poll))
    as_posted = ChannelPost.objects.get().text
    take(post(text=None, poll={**poll, "is_closed": True}, edited=30))
    take(post(text=None, poll={**poll, "question": "Какой мост чинить?"}, edited=60))

    assert as_posted == "Какой мост строить?\n— Новый\n— Старый"
    assert ChannelPost.objects.get().text == "Какой мост чинить?\n— Новый\n— Старый"


@pytest.mark.django_db
def test_an_update_that_fails_again_and_again_is_given_up_and_reported(admins: None) -> None:
    update = {"update_id": next(_update_ids), **post()}
    inbox.accept_update(update, payload=json.dumps(update))
    InboxUpdate.objects.update(attempts=inbox.MAX_ATTEMPTS)

    (pending,) = inbox.list_pending(str(CHANNEL_ID))
    handled = answer_bundle(next_bundle([pending]), Turn(str(CHANNEL_ID)))

    assert handled.notice_chats == ("900", "-500")
    assert InboxUpdate.objects.get().status == UpdateStatus.PARKED
    assert "channel_post" in Notice.objects.all()[0].text.replace("\\", "")
    assert not Channel.objects.exists()


@pytest.mark.django_db
def test_the_admins_are_asked_once_and_every_one_of_them_sees_who_decided(admins: None) -> None:
    assert take(membership("administrator"))[1] == ("900", "-500")
    assert take(membership("administrator"))[1] == ()
    assert take(membership("member"))[1] == ()
    request = Notice.objects.get(chat_id="900")
    assert "Гавань" in request.text
    assert "Впустил: Анна, @anna, 42" in request.text
    ((read, ignore),) = keyboard_from_json(request.keyboard)
    assert (read.action, ignore.action) == (f"channel:on:{CHANNEL_ID}", f"channel:off:{CHANNEL_ID}")
    Notice.objects.update(status=NoticeStatus.SENT)

    channels.switch_off(str(CHANNEL_ID), by="staff:pavel")  # on the admin site, which tells nobody
    assert channel_notices.tell_of_all() == ("900", "-500")
    assert channel_notices.tell_of_all() == ()

    revised = Notice.objects.get(chat_id="900")
    assert "Решение: не читать" in revised.text
    assert "Решил: pavel" in revised.text
    assert (revised.keyboard, revised.status) == ("", NoticeStatus.PENDING)


@pytest.mark.django_db
def test_a_sweep_leaves_alone_what_somebody_is_about_to_tell(admins: None, settings: Settings) -> None:
    settings.OVERDUE_AFTER_S = 60
    ChannelFactory.create(state=ChannelState.FOUND, untold=ChannelNews.FOUND)
    ChannelFactory.create(state=ChannelState.ON, untold=ChannelNews.DECIDED)

    assert channel_notices.tell_of_all() == ()
    assert not Notice.objects.exists()

    Channel.objects.update(updated_at=timezone.now() - timedelta(seconds=61))
    assert len(channel_notices.tell_of_all()) == len(ADMINS)
    assert not Channel.objects.exclude(untold="").exists()


@pytest.mark.django_db
def test_the_admins_hear_of_a_channel_that_throws_the_bot_out_and_of_one_that_changes_its_mind(
    admins: None,
) -> None:
    take(membership("administrator"))
    take(membership("kicked", at=AT + 10))
    asked, left = Notice.objects.filter(chat_id="-500").order_by("created_at")
    assert "выставил" in asked.text
    assert asked.keyboard == ""
    assert "отказал мне от места" in left.text

    take(membership("administrator", at=AT + 20))  # undecided still: asked anew
    assert Notice.objects.filter(chat_id="900", text__contains="Прикажете").count() == 1
    channels.switch_on(str(CHANNEL_ID), by="telegram:900")
    take(membership("left", at=AT + 30))
    assert take(post(date=AT + 40))[0].status == UpdateStatus.ANSWERED
    back = Notice.objects.filter(chat_id="900").latest("created_at")

    assert "впустил меня снова" in back.text
    assert "прежнее распоряжение: читать" in back.text
    assert ChannelPost.objects.count() == 1


@pytest.mark.django_db
def test_a_flood_of_new_channels_reaches_the_admins_bit_by_bit_and_decisions_go_before(admins: None) -> None:
    limit = channel_notices.NOTICES_PER_HOUR
    ChannelFactory.create_batch(limit + 2, state=ChannelState.FOUND, untold=ChannelNews.FOUND)

    assert len(channel_notices.tell_of_all()) == limit * len(ADMINS)
    assert channel_notices.tell_of_all() == ()

    decided = Channel.objects.filter(untold="")[0]
    channels.switch_on(decided.channel_id, by="telegram:900")
    assert len(channel_notices.tell_of_all()) == len(ADMINS)
    redis_client().delete("window:channel-notices")
    assert len(channel_notices.tell_of_all()) == 2 * len(ADMINS)
    assert not Channel.objects.exclude(untold="").exists()
