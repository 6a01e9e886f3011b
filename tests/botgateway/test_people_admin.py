"""People, decisions and notices on the admin site."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from botgateway.models import AccessDecision, Notice, Person
from redis_connection import redis_client

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/botgateway/person/"
DECISIONS = "/admin/botgateway/accessdecision/"
NOTICES = "/admin/botgateway/notice/"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def add_person(user_id: str, state: str = "pending") -> Person:
    return Person.objects.create(user_id=user_id, chat_id=user_id, first_name="Анна", access_state=state)


def choose(client: Client, action: str, *people: Person) -> Any:
    choice = {"action": action, "_selected_action": [person.pk for person in people]}
    return client.post(PEOPLE, choice, follow=True).content.decode()


def test_people_are_decided_about_together_and_the_counts_are_told(staff: Client) -> None:
    redis_client().flushdb()
    people = [
        add_person("1"),
        add_person("2", "refused"),
        add_person("3", "blocked"),
        add_person("4", "approved"),
    ]

    page = choose(staff, "approve", *people)

    assert "People approved: 3; so already: 1; impossible: 0." in page
    assert set(Person.objects.values_list("access_state", flat=True)) == {"approved"}
    audit = AccessDecision.objects.values_list("decided_by", "via", "after").distinct()
    assert list(audit) == [("staff:boss", "site", "approved")]
    assert sorted(Notice.objects.values_list("chat_id", flat=True)) == ["1", "2", "3"]
    assert redis_client().llen("replies") == 3  # wake-up calls
    assert "approved" in staff.get(f"{PEOPLE}{people[0].pk}/history/").content.decode()


def test_what_cannot_be_decided_is_counted(staff: Client) -> None:
    page = choose(staff, "refuse", add_person("1", "approved"), add_person("2"))

    assert "People refused: 1; so already: 0; impossible: 1." in page


def test_where_somebody_stands_cannot_be_written_past_a_decision(staff: Client) -> None:
    person = add_person("1")

    staff.post(f"{PEOPLE}{person.pk}/change/", {"access_state": "approved", "user_id": "2"})

    assert list(Person.objects.values_list("user_id", "access_state")) == [("1", "pending")]
    assert staff.post(f"{PEOPLE}{person.pk}/delete/", {"post": "yes"}).status_code == 403


def test_decisions_are_shown_with_the_person_and_in_a_list_and_stay(staff: Client) -> None:
    person = add_person("1")
    choose(staff, "block", person)
    decision = AccessDecision.objects.get()

    assert (
        "pending → blocked · staff:boss · site" in staff.get(f"{PEOPLE}{person.pk}/change/").content.decode()
    )
    assert "staff:boss" in staff.get(DECISIONS).content.decode()
    assert staff.post(f"{DECISIONS}{decision.pk}/change/", {"after": "approved"}).status_code == 403
    assert staff.post(f"{DECISIONS}{decision.pk}/delete/", {"post": "yes"}).status_code == 403


def test_notices_are_listed_without_their_words(staff: Client) -> None:
    notice = Notice.objects.create(
        key="request:1", chat_id="7", text="тайные слова", keyboard='{"тайные": 1}'
    )

    pages = staff.get(NOTICES).content.decode() + staff.get(f"{NOTICES}{notice.pk}/change/").content.decode()

    assert "request:1" in pages
    assert "тайные" not in pages


def test_staff_who_may_only_look_decide_nothing(client: Client) -> None:
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_person"))
    client.force_login(looker)

    choose(client, "approve", add_person("1"))

    assert Person.objects.get().access_state == "pending"
