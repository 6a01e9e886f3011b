"""The admin site for tests: log in as a member of staff, choose actions, read pages as a browser would."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client

from botgateway.models import Person

PEOPLE = "/admin/botgateway/person/"
DECISIONS = "/admin/botgateway/accessdecision/"
NOTICES = "/admin/botgateway/notice/"
UPDATES = "/admin/botgateway/inboxupdate/"
FILES = "/admin/personalization/storedfile/"
EVENTS = "/admin/personalization/memoryevent/"
PROFILES = "/admin/personalization/userprofile/"
SECTIONS = (
    "profile",
    "access",
    "summary",
    "conversation",
    "files",
    "exchanges",
    "compressions",
    "subscriptions",
    "log",
)
READER = "read_conversation"


def log_in(client: Client, *permissions: str) -> Client:
    """Log in as a member of staff with these permissions alone."""
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(looker)
    return client


def log_in_with_everything_but_reading(client: Client) -> Client:
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.set(Permission.objects.exclude(codename=READER))
    client.force_login(looker)
    return client


def add_person(user_id: str, state: str = "pending", name: str = "Анна") -> Person:
    return Person.objects.create(user_id=user_id, chat_id=user_id, first_name=name, access_state=state)


def choose(client: Client, action: str, *people: Person, **fields: str) -> Any:
    choice = {"action": action, "_selected_action": [person.pk for person in people], **fields}
    return client.post(PEOPLE, choice, follow=True).content.decode()


def read(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200, address
    return response.content.decode()


def section(client: Client, name: str, user_id: str = "42", **query: str) -> str:
    """Fetch a section as the page's script does."""
    response = client.get(f"{PEOPLE}of/{user_id}/{name}/", query, headers={"X-Fragment": "1"})
    assert response.status_code == 200
    assert b"<html" not in response.content
    return response.content.decode()
