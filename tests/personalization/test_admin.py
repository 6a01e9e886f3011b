from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from personalization.admin.compressions import OUTCOMES, STATUSES
from personalization.admin.confirmations import digest_people
from personalization.domain.compression import Status
from personalization.domain.compression_run import RunOutcome
from personalization.domain.profiles import get_profile
from personalization.models import Compression, CompressionRun, MemoryEvent, UserProfile
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory, store_text_file

pytestmark = pytest.mark.django_db

PROFILES = "/admin/personalization/userprofile/"
EVENTS = "/admin/personalization/memoryevent/"
FILES = "/admin/personalization/storedfile/"


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


def test_memory_events_are_listed_without_words_until_the_list_is_about_one_person(staff: Client) -> None:
    EventFactory(user_id="anna-1", content="о розах", role="user")
    EventFactory(user_id="anna-1", content="о шипах", role="assistant", source="voice")
    EventFactory(user_id="bob-2", content="о турах", role="assistant")

    def found(**query: str) -> list[bool]:
        page = staff.get(EVENTS, query).content.decode()
        return [text in page for text in ("anna-1", "bob-2", "о розах", "о шипах", "о турах")]

    assert found() == [True, True, False, False, False]
    assert found(role__exact="user") == [True, False, False, False, False]
    assert found(q="anna-1") == [True, False, True, True, False]
    assert found(q="anna-1", source__exact="voice") == [True, False, False, True, False]
    assert found(q="anna") == [False] * 5  # one person is named whole


def test_a_reset_asks_for_confirmation_first(staff: Client) -> None:
    profile = ProfileFactory(user_id="42", tone="dry")
    fill_memory("42", 3)

    page = staff.post(PROFILES, {"action": "reset_profiles", "_selected_action": [profile.pk]})

    assert 'count-events">3<' in page.content.decode()
    assert MemoryEvent.objects.count() == 3
    assert get_profile("42").tone == "dry"


def test_a_confirmed_reset_is_done_and_recorded(staff: Client) -> None:
    profile = ProfileFactory(user_id="42", tone="dry")
    ProfileFactory(user_id="43", tone="dry")
    fill_memory("42", 3)
    fill_memory("43", 3)
    choice = {
        "action": "reset_profiles",
        "_selected_action": [profile.pk],
        "confirmed": digest_people(["42"]),
    }

    page = staff.post(PROFILES, choice, follow=True)

    assert "Сброшено людей: 1; удалено записей бесед: 3." in page.content.decode()
    assert (get_profile("42").tone, get_profile("43").tone) == ("witty", "dry")
    assert MemoryEvent.objects.count() == 3
    assert "сброс: возвращено исходное" in staff.get(f"{PROFILES}{profile.pk}/history/").content.decode()


def test_a_correction_writes_what_was_changed_and_nothing_that_happened_meanwhile(staff: Client) -> None:
    profile = ProfileFactory(user_id="42", memory_summary="старый итог")
    address = f"{PROFILES}{profile.pk}/change/"
    form = staff.get(address).context["adminform"].form
    fields = {name: form[name].value() or "" for name in form.fields}
    UserProfile.objects.update(memory_summary="новый итог")  # a compression in the meantime

    response = staff.post(address, {**fields, "tone": "dry", "preferred_topics": "розы"})

    assert response.status_code == 302
    corrected = get_profile("42")
    assert (corrected.tone, corrected.preferred_topics) == ("dry", ["розы"])
    assert corrected.memory_summary == "новый итог"
    assert corrected.updated_at > profile.updated_at


def test_runs_and_compressions_are_listed(staff: Client) -> None:
    CompressionRun.objects.create(found=20, processed=7)
    Compression.objects.create(user_id="42", status="ok")

    CompressionRun.objects.create(outcome="failures")

    runs = staff.get("/admin/personalization/compressionrun/").content.decode()
    found = staff.get("/admin/personalization/compression/", {"q": "42"}).content.decode()

    assert "7 / 20" in runs
    assert "память некоторых людей сжать не удалось</td>" in runs
    assert "сжато</td>" in found
    assert set(STATUSES) == set(Status)
    assert set(OUTCOMES) == set(RunOutcome) - {RunOutcome.OVERLAPPED}


def test_a_file_is_downloaded_to_be_kept_and_never_to_be_shown(
    staff: Client, settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    file = store_text_file("42", "<script>alert(1)</script>", name='письмо "о розах".html')
    address = f"{FILES}{file.file_id}/download/"

    response = staff.get(address)
    content = b"".join(response.streaming_content)
    (tmp_path / file.path).unlink()

    assert content == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert staff.get(address).status_code == 404  # the content is gone
    assert staff.get(f"{FILES}{uuid4()}/download/").status_code == 404
    assert "письмо" in staff.get(FILES, {"q": "42"}).content.decode()
    assert "письмо" not in staff.get(FILES).content.decode()


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

    choice = {
        "action": "reset_profiles",
        "_selected_action": [profile.pk],
        "confirmed": digest_people(["42"]),
    }
    client.post(PROFILES, choice)

    assert client.get(EVENTS).status_code == 403
    assert UserProfile.objects.get().tone == "dry"


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    assert client.get(PROFILES).url.startswith(reverse("admin:login"))
