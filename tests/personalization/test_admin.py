from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from personalization.domain.profiles import get_profile
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory

pytestmark = pytest.mark.django_db

PROFILES = "/admin/personalization/userprofile/"
EVENTS = "/admin/personalization/memoryevent/"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def test_profiles_are_listed_searched_and_filtered(staff: Client) -> None:
    ProfileFactory(user_id="anna-1", language="ru")
    ProfileFactory(user_id="bob-2", language="en", memory_summary="notes")

    everybody = staff.get(PROFILES).content.decode()
    searched = staff.get(PROFILES, {"q": "anna"}).content.decode()
    filtered = staff.get(PROFILES, {"language__exact": "en"}).content.decode()

    assert "anna-1" in everybody
    assert "bob-2" in everybody
    assert "anna-1" in searched
    assert "bob-2" not in searched
    assert "anna-1" not in filtered
    assert "bob-2" in filtered


def test_memory_events_are_listed_searched_and_filtered(staff: Client) -> None:
    EventFactory(user_id="anna-1", content="о розах", role="user")
    EventFactory(user_id="bob-2", content="о турах", role="assistant")

    assert "о розах" in staff.get(EVENTS).content.decode()
    assert "о турах" not in staff.get(EVENTS, {"q": "розах"}).content.decode()
    assert "о розах" not in staff.get(EVENTS, {"role__exact": "assistant"}).content.decode()


def test_a_reset_asks_for_confirmation_first(staff: Client) -> None:
    profile = ProfileFactory(user_id="42", tone="dry")
    fill_memory("42", 3)

    page = staff.post(PROFILES, {"action": "reset_profiles", "_selected_action": [profile.pk]})

    assert "3 memory event(s) are deleted" in page.content.decode()
    assert MemoryEvent.objects.count() == 3
    assert get_profile("42").tone == "dry"


def test_a_confirmed_reset_is_done_and_recorded(staff: Client) -> None:
    profile = ProfileFactory(user_id="42", tone="dry")
    ProfileFactory(user_id="43", tone="dry")
    fill_memory("42", 3)
    fill_memory("43", 3)
    choice = {"action": "reset_profiles", "_selected_action": [profile.pk], "confirmed": "yes"}

    page = staff.post(PROFILES, choice, follow=True)

    assert "Profiles reset: 1; memory events deleted: 3." in page.content.decode()
    assert (get_profile("42").tone, get_profile("43").tone) == ("witty", "dry")
    assert MemoryEvent.objects.count() == 3
    assert "reset" in staff.get(f"{PROFILES}{profile.pk}/history/").content.decode()


def test_what_people_said_cannot_be_edited(staff: Client) -> None:
    event = EventFactory(content="как сказано")

    response = staff.post(f"{EVENTS}{event.pk}/change/", {"content": "иначе"})

    assert response.status_code == 403
    assert MemoryEvent.objects.get().content == "как сказано"


def test_staff_without_permission_see_and_reset_nothing(client: Client) -> None:
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_userprofile"))
    client.force_login(looker)
    profile = ProfileFactory(user_id="42", tone="dry")

    choice = {"action": "reset_profiles", "_selected_action": [profile.pk], "confirmed": "yes"}
    client.post(PROFILES, choice)

    assert client.get(EVENTS).status_code == 403
    assert UserProfile.objects.get().tone == "dry"


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    assert client.get(PROFILES).url.startswith(reverse("admin:login"))
