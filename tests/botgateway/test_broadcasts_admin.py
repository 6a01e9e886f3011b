"""Broadcasts on the admin site: a draft, its preview, the confirmation, progress, and who may do what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from botgateway.domain import broadcasts
from botgateway.models import Broadcast, Notice, Person
from redis_connection import redis_client

pytestmark = pytest.mark.django_db

LIST = "/admin/botgateway/broadcast/"
TEXT = "Дом **закрыт** в <среду>: [подробности](https://example.org/?a=1&b=2)"


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.ACCESS_POLICY, settings.ADMIN_CHAT_IDS, settings.LANGUAGE_CODE = "approval", [7], "en"
    redis_client().flushdb()


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def sign_in(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("looker", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


def add_people(count: int) -> None:
    Person.objects.bulk_create(
        [Person(user_id=str(n), chat_id=str(n), access_state="approved") for n in range(count)]
    )


def write(client: Client, text: str = TEXT) -> Broadcast:
    response = client.post(f"{LIST}add/", {"text": text})
    broadcast = Broadcast.objects.get()
    assert response.headers["Location"] == page_of(broadcast)
    return broadcast


def page_of(broadcast: Broadcast, name: str = "change") -> str:
    return f"{LIST}{broadcast.pk}/{name}/"


def read(client: Client, address: str) -> str:
    return str(client.get(address, follow=True).content.decode())


def read_seen(client: Client, broadcast: Broadcast) -> str:
    found = re.search(r'name="seen" value="(\w+)"', read(client, page_of(broadcast, "send")))
    assert found
    return found[1]


def list_log() -> list[tuple[str, str]]:
    return list(
        LogEntry.objects.order_by("action_time", "pk").values_list("user__username", "change_message")
    )


def test_a_draft_is_shown_as_telegram_will_show_it_and_in_the_admins_chats(staff: Client) -> None:
    broadcast = write(staff)

    page = read(staff, page_of(broadcast))
    assert (
        'Дом <b>закрыт</b> в &lt;среду&gt;: <a href="https://example.org/?a=1&amp;b=2">подробности</a>'
        in page
    )
    assert (broadcast.created_by, broadcast.status) == ("boss", "draft")

    for _ in range(2):
        staff.post(page_of(broadcast, "show"))
    assert list(Notice.objects.values_list("chat_id", "text").distinct()) == [("7", TEXT)]
    assert redis_client().llen("replies") == 2
    assert staff.get(page_of(broadcast, "show")).status_code == 405


def test_what_was_confirmed_is_sent_once_and_is_no_draft_any_more(staff: Client) -> None:
    add_people(3)
    broadcast = write(staff)
    assert '<p id="broadcast-people">3 people get this message.' in read(staff, page_of(broadcast, "send"))
    seen = read_seen(staff, broadcast)

    staff.post(page_of(broadcast), {"text": "Передумали"})
    refused = staff.post(page_of(broadcast, "send"), {"seen": seen}, follow=True).content.decode()
    assert "has been changed meanwhile" in refused
    assert Broadcast.objects.get().status == "draft"

    seen = read_seen(staff, broadcast)
    sent = [staff.post(page_of(broadcast, "send"), {"seen": seen}, follow=True) for _ in range(2)]
    assert ["It is being sent." in page.content.decode() for page in sent] == [True, False]
    assert Broadcast.objects.get().status == "filing"
    assert redis_client().llen("background") == 1
    assert staff.post(page_of(broadcast), {"text": "Поздно"}).status_code == 403
    assert staff.post(page_of(broadcast, "delete"), {"post": "yes"}).status_code == 403
    assert Broadcast.objects.get().text == "Передумали"
    assert [message for _, message in list_log()][-1] == "sent"


def test_progress_is_shown_while_it_is_sent_and_it_can_be_cancelled(staff: Client) -> None:
    add_people(3)
    broadcast = write(staff)
    staff.post(page_of(broadcast, "send"), {"seen": read_seen(staff, broadcast)})
    while broadcasts.go_on(str(broadcast.pk)):
        pass
    Notice.objects.filter(chat_id="0").update(status="failed")

    page = read(staff, page_of(broadcast))
    figures = dict(re.findall(r'id="broadcast-(filed|sent|failed|waiting)">(\d+)<', page))
    assert figures == {"filed": "3", "sent": "0", "failed": "1", "waiting": "2"}
    assert 'http-equiv="refresh"' in page
    assert "0 of 3 sent, 1 failed, 0 left out, 2 waiting" in read(staff, LIST)

    assert "It is cancelled." in staff.post(page_of(broadcast, "cancel"), follow=True).content.decode()
    assert "It is not under way." in staff.post(page_of(broadcast, "cancel"), follow=True).content.decode()
    assert Broadcast.objects.get().status == "cancelled"
    assert 'http-equiv="refresh"' in read(staff, page_of(broadcast))  # two copies are yet to be called off
    while broadcasts.go_on(str(broadcast.pk)):
        pass
    assert 'http-equiv="refresh"' not in read(staff, page_of(broadcast))
    assert [log for log in list_log() if log[1] in ("sent", "cancelled")] == [
        ("boss", "sent"),
        ("boss", "cancelled"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [("\u200b \u2060", "nobody would see"), ("слово " * 4_000, "messages for each person")],
    ids=["invisible", "too long"],
)
def test_what_nobody_would_see_and_what_fills_a_chat_is_no_draft(staff: Client, text: str, told: str) -> None:
    page = staff.post(f"{LIST}add/", {"text": text}).content.decode()

    assert told in page
    assert Broadcast.objects.count() == 0


def test_nobody_to_send_it_to_is_said_beforehand(staff: Client) -> None:
    broadcast = write(staff)

    page = read(staff, page_of(broadcast, "send"))

    assert "There is nobody to send it to" in page
    assert 'type="submit" value="Send"' not in page


def test_deliveries_of_digests_are_no_broadcasts_of_staff(staff: Client) -> None:
    delivery = Broadcast.objects.create(channel_id="-1001", day="2026-03-10", created_by="", status="sending")

    assert staff.get(LIST).context["cl"].result_count == 0
    assert page_of(delivery) not in read(staff, LIST)
    assert staff.post(page_of(delivery, "cancel")).status_code == 404


def test_staff_who_may_only_look_send_and_cancel_nothing(client: Client) -> None:
    broadcast = Broadcast.objects.create(text=TEXT, created_by="boss")
    sign_in(client, "view_broadcast")

    assert "<b>закрыт</b>" in read(client, page_of(broadcast))
    assert "Send…" not in read(client, page_of(broadcast))
    for name in ("send", "show", "cancel"):
        assert client.post(page_of(broadcast, name), {"seen": ""}).status_code == 403
    assert client.post(f"{LIST}add/", {"text": TEXT}).status_code == 403
    assert client.post(page_of(broadcast), {"text": "иное"}).status_code == 403
    assert Broadcast.objects.get().status == "draft"
    assert client.get(f"{LIST}{'0' * 24}/send/").status_code == 403
