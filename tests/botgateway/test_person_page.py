"""A person's page and who may read what they said: without the permission not a word of it, with it not unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from structlog.testing import capture_logs

from botgateway.models import InboxUpdate, Notice, Person
from llm.models import Exchange
from personalization.models import FilePassage, MemoryEvent, StoredFile, UserProfile
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory, store_text_file
from tests.harness.admin_site import (
    EVENTS,
    FILES,
    NOTICES,
    PEOPLE,
    PROFILES,
    READER,
    SECTIONS,
    UPDATES,
    add_person,
    log_in,
    log_in_with_everything_but_reading,
    read,
    section,
)

pytestmark = pytest.mark.django_db

DETAILS = ("memoryevent/", "userprofile/", "storedfile/", "notice/")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.mark.parametrize(
    "address",
    [
        f"{EVENTS}?content__contains=роз",
        f"{PROFILES}?memory_summary__contains=роз",
        f"{NOTICES}?text__startswith=т",
        f"{UPDATES}?payload__contains=роз",
        f"{FILES}?name__contains=роз",
        f"{PEOPLE}?user_id__regex=(4%2B)%2B$",
        f"{PEOPLE}?first_name__icontains=а",
    ],
)
def test_a_list_is_asked_nothing_but_what_its_filters_ask(client: Client, address: str) -> None:
    log_in_with_everything_but_reading(client)

    assert client.get(address).status_code == 400


def fill_with_canaries() -> tuple[Person, Notice]:
    """Let a person say, send and be told what only readers may see."""
    person = add_person("42", "approved")
    ProfileFactory(user_id="42", memory_summary="канарейка в записи")
    for number in range(45):
        EventFactory(user_id="42", content=f"канарейка {number}", tags=["канарейка"])
    store_text_file("42", "канарейка в файле", name="канарейка.txt")
    Exchange.objects.create(user_id="42", provider="here", model="qwen-7b", purpose="reply", outcome="ok")
    InboxUpdate.objects.create(
        update_id=1, kind="message", chat_id="42", user_id="42", payload='"канарейка"', trace_id="a" * 32
    )
    notice = Notice.objects.create(
        key="request:1", chat_id="42", about_user_id="42", text="канарейка", keyboard='"канарейка"'
    )
    return person, notice


def list_pages(person: Person, notice: Notice) -> list[str]:
    """Return every page of the site that is about the person."""
    event, profile = MemoryEvent.objects.first(), UserProfile.objects.get()
    file_id = FilePassage.objects.get().file_id
    return [
        PEOPLE,
        f"{PEOPLE}of/42/",
        *(f"{PEOPLE}of/42/{name}/" for name in SECTIONS),
        f"{PEOPLE}of/42/files/{file_id}/",
        EVENTS,
        f"{EVENTS}?q=42",
        f"{EVENTS}?user_id__exact=42&source=text",
        f"{EVENTS}{event.pk}/change/",
        f"{EVENTS}{event.pk}/history/",
        PROFILES,
        f"{PROFILES}{profile.pk}/change/",
        FILES,
        f"{FILES}?q=42",
        f"{FILES}{person_file().pk}/change/",
        NOTICES,
        f"{NOTICES}?q=42",
        f"{NOTICES}{notice.pk}/change/",
        UPDATES,
        f"{UPDATES}?q=42",
        f"{UPDATES}{InboxUpdate.objects.get().pk}/change/",
        "/admin/llm/exchange/?q=42",
        "/admin/",
    ]


def person_file() -> StoredFile:
    return StoredFile.objects.get()


def test_nothing_that_was_said_reaches_staff_without_the_permission(client: Client, media: Path) -> None:
    pages = list_pages(*fill_with_canaries())
    log_in_with_everything_but_reading(client)

    shown = {address: read(client, address) for address in pages}
    download = client.get(f"{FILES}{person_file().file_id}/download/")
    exported = client.post(PEOPLE, {"action": "export", "_selected_action": [Person.objects.get().pk]})

    assert [address for address, page in shown.items() if "канарейка" in page] == []
    assert [address for address, page in shown.items() if "нужно право читать беседы" in page] == [
        address for address in pages if is_refused(address)
    ]
    assert (download.status_code, exported.status_code) == (403, 302)
    assert not LogEntry.objects.exists()


def is_refused(address: str) -> bool:
    """Tell whether a page would show words, and so says what is needed to read them."""
    if address.endswith("/change/"):
        return any(model in address for model in DETAILS)
    sections = ("of/42/summary", "of/42/conversation", "of/42/files")
    return address == f"{PEOPLE}of/42/" or any(part in address for part in sections)


def test_whoever_reads_is_logged_before_the_words_are_shown(client: Client, media: Path) -> None:
    person, notice = fill_with_canaries()
    log_in(
        client,
        READER,
        "view_person",
        "view_memoryevent",
        "view_userprofile",
        "view_storedfile",
        "view_notice",
        "view_inboxupdate",
        "view_logentry",
    )
    addresses = [address for address in list_pages(person, notice) if "exchange" not in address]

    with capture_logs() as lines:
        shown = [address for address in addresses if "канарейка" in read(client, address)]
        content = b"".join(client.get(f"{FILES}{person_file().file_id}/download/").streaming_content)

    assert content.decode() == "канарейка в файле"
    read_lines = [line for line in lines if line["event"] == "conversation read"]
    assert {line["part"] for line in read_lines} == {
        "summary",
        "conversation",
        "files",
        "text",
        "memoryevent",
        "storedfile",
        "notice",
        "download",
    }
    assert {(line["staff"], line["user_id"]) for line in read_lines} == {("looker", "42")}
    assert "канарейка" not in str(lines)
    entries = LogEntry.objects.filter(object_id=str(person.pk), object_repr="42")
    assert entries.count() == LogEntry.objects.count() == len(read_lines)
    assert len(shown) + 1 == len(read_lines)
    assert "чтение: Краткая запись прежних бесед, страница 1" in section(client, "log", page="1")
    assert "канарейка" not in section(client, "log")


def test_a_conversation_is_read_page_by_page_and_searched(staff: Client) -> None:
    add_person("42", name="Анна <b>")
    ProfileFactory(user_id="42")
    for number in range(45):
        EventFactory(user_id="42", content=f"слово {number:02} <script>", source="voice")
    EventFactory(user_id="43", content="слово чужое")

    latest = section(staff, "conversation")
    earlier = section(staff, "conversation", page="2")
    found = section(staff, "conversation", words="СЛОВО 03")
    unfound = section(staff, "conversation", words="слово (.*")

    assert ("слово 44" in latest, "слово 05" in latest, "слово 04" in latest) == (True, True, False)
    assert latest.index("слово 05") < latest.index("слово 44")
    assert ("слово 04" in earlier, "слово 05" in earlier) == (True, False)
    assert (found.count("слово 03 &lt;script&gt;"), "слово 04" in found) == (1, False)
    assert "Ничего не найдено" in unfound
    assert "чужое" not in latest + earlier + found
    assert "<script>" not in latest
    assert "page=2" in latest
    whole = read(staff, f"{PEOPLE}of/42/conversation/", page="999999999999")
    assert "<html" in whole  # a page of its own where there is no script


def test_what_is_summed_up_already_is_not_shown_as_said(staff: Client) -> None:
    add_person("42")
    events = fill_memory("42", 4)
    last = events[1]
    ProfileFactory(
        user_id="42",
        memory_summary="итог",
        summarized_until_at=last.created_at,
        summarized_until_id=MemoryEvent.objects.get(event_id=last.event_id).pk,
    )

    page = section(staff, "conversation")

    assert ["событие 0" in page, "событие 1" in page, "событие 2" in page] == [False, False, True]
    assert "итог" in section(staff, "summary")


def test_a_list_that_names_two_people_in_its_address_shows_the_words_of_none(staff: Client) -> None:
    EventFactory(user_id="42", content="о розах")
    EventFactory(user_id="43", content="о турах")

    page = read(staff, f"{EVENTS}?user_id__exact=43&user_id__exact=42")

    assert ("о розах" in page, "о турах" in page) == (False, False)
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("page", ["change", "history"])
def test_who_stands_behind_a_key_is_told_to_nobody_who_may_not_see_people(client: Client, page: str) -> None:
    person = add_person("42")
    log_in(client, "view_notice")

    assert client.get(f"{PEOPLE}{person.pk}/{page}/").status_code == 403


def test_what_staff_did_is_shown_to_who_may_view_the_log_alone(client: Client) -> None:
    person = add_person("42")
    LogEntry.objects.create(
        user=User.objects.create_superuser("boss", password="x"),
        content_type=ContentType.objects.get_for_model(Person),
        object_id=str(person.pk),
        object_repr="42",
        action_flag=2,
        change_message="approved",
    )
    log_in(client, "view_person")

    page = client.get(f"{PEOPLE}{person.pk}/history/", follow=True).content.decode()

    assert ("boss" in page, "admin.view_logentry" in page) == (False, True)


@pytest.mark.parametrize(
    "address",
    [f"{PEOPLE}nobody/change/", f"{PEOPLE}nobody/history/", f"{EVENTS}nobody/change/", f"{PEOPLE}of/nobody/"],
)
def test_an_address_of_nothing_is_answered_as_one(staff: Client, address: str) -> None:
    assert staff.get(address, follow=True).status_code in (200, 404)
    assert staff.post(PEOPLE, {"action": "approve", "_selected_action": "nobody"}).status_code == 400


def test_notices_are_found_by_whom_they_are_about(staff: Client) -> None:
    Notice.objects.create(key="request:1", chat_id="7", about_user_id="42", text="слова")

    found = [("request:1" in read(staff, NOTICES, q=term)) for term in ("7", "42", "request:1", "9")]

    assert found == [True, True, True, False]


def test_the_page_asks_the_database_no_more_for_many_rows_than_for_few(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "queries_logged", True)
    add_person("42")
    ProfileFactory(user_id="42")
    fill_memory("42", 1)
    count_queries(staff)  # fills the log and Django's cache of content types
    few = count_queries(staff)
    fill_memory("42", 39)
    for _ in range(30):
        Exchange.objects.create(user_id="42", provider="here", model="qwen-7b", purpose="reply", outcome="ok")

    assert count_queries(staff) == few


def count_queries(staff: Client) -> list[int]:
    """Return how many commands the sections and the lists cost."""
    counts = []
    for address in (
        *(f"{PEOPLE}of/42/{name}/" for name in SECTIONS),
        PEOPLE,
        PROFILES,
        EVENTS,
        f"{EVENTS}?q=42",
    ):
        read(staff, address)
        counts.append(len(connection.queries_log))  # emptied when a request begins
    return counts
