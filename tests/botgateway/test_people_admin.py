"""People on the admin site: lists, decisions, the person's page, and who may read what they said."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from structlog.testing import capture_logs

from admin_lists import LISTED
from botgateway.models import AccessDecision, InboxUpdate, Notice, Person
from llm.models import Exchange
from personalization.models import Compression, FilePassage, MemoryEvent, StoredFile, UserProfile
from redis_connection import redis_client
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory, store_text_file

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/botgateway/person/"
DECISIONS = "/admin/botgateway/accessdecision/"
NOTICES = "/admin/botgateway/notice/"
UPDATES = "/admin/botgateway/inboxupdate/"
FILES = "/admin/personalization/storedfile/"
EVENTS = "/admin/personalization/memoryevent/"
PROFILES = "/admin/personalization/userprofile/"
SECTIONS = ("profile", "access", "summary", "conversation", "files", "exchanges", "compressions", "log")
READER = "read_conversation"


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    redis_client().flushdb()


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


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


def test_people_are_decided_about_together_and_the_counts_are_told(staff: Client) -> None:
    people = [
        add_person("1"),
        add_person("2", "refused"),
        add_person("3", "blocked"),
        add_person("4", "approved"),
    ]

    page = choose(staff, "approve", *people)

    assert "Одобрено: 3; было так и прежде: 1; невозможно: 0." in page
    assert set(Person.objects.values_list("access_state", flat=True)) == {"approved"}
    audit = AccessDecision.objects.values_list("decided_by", "via", "after").distinct()
    assert list(audit) == [("staff:boss", "site", "approved")]
    assert sorted(Notice.objects.values_list("chat_id", flat=True)) == ["1", "2", "3"]
    assert redis_client().llen("replies") == 3  # wake-up calls
    assert "approved" in read(staff, f"{PEOPLE}{people[0].pk}/history/")


def test_what_cannot_be_decided_is_counted(staff: Client) -> None:
    page = choose(staff, "refuse", add_person("1", "approved"), add_person("2"))

    assert "Отказано: 1; было так и прежде: 0; невозможно: 1." in page


def test_texts_are_in_the_language_that_the_browser_asks_for(staff: Client) -> None:
    add_person("1")
    address = f"{PEOPLE}of/1/"

    russian, english = (
        staff.get(address, headers={"Accept-Language": language}).content.decode()
        for language in ("ru", "en")
    )

    assert ("Приёмная в Telegram" in russian, "Telegram gateway" in english) == (True, True)
    assert ("Одобрить" in russian, "Approve" in english) == (True, True)
    assert ("ожидает" in russian, "pending" in english) == (True, True)


def test_where_somebody_stands_cannot_be_written_past_a_decision(staff: Client) -> None:
    person = add_person("1")

    staff.post(f"{PEOPLE}{person.pk}/change/", {"access_state": "approved", "user_id": "2"})

    assert list(Person.objects.values_list("user_id", "access_state")) == [("1", "pending")]
    assert staff.post(f"{PEOPLE}{person.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_decision_taken_on_the_page_leads_back_to_it_and_stays_on_record(staff: Client) -> None:
    person = add_person("1")
    page = read(staff, f"{PEOPLE}of/1/")
    assert [f'value="{name}"' in page for name in ("approve", "refuse", "block")] == [True] * 3

    after = choose(staff, "block", person, from_page="1")

    assert 'id="person-page"' in after
    assert [f'value="{name}"' in after for name in ("approve", "refuse", "block")] == [True, False, False]
    shown = section(staff, "access", "1")
    assert all(text in shown for text in ("ожидает", "заблокировано", "staff:boss"))
    decision = AccessDecision.objects.get()
    assert "staff:boss" in read(staff, DECISIONS)
    assert staff.post(f"{DECISIONS}{decision.pk}/change/", {"after": "approved"}).status_code == 403
    assert staff.post(f"{DECISIONS}{decision.pk}/delete/", {"post": "yes"}).status_code == 403


def test_staff_who_may_only_look_decide_nothing(client: Client) -> None:
    log_in(client, "view_person")
    person = add_person("1")

    choose(client, "approve", person)
    choose(client, "reset_profiles", person, confirmed="1")
    choose(client, "export", person)

    assert Person.objects.get().access_state == "pending"
    page = read(client, f"{PEOPLE}of/1/")
    assert 'name="action"' not in page
    assert client.get(f"{PEOPLE}of/2/").status_code == 404
    client.logout()
    assert client.get(f"{PEOPLE}of/1/").status_code == 302


def test_people_are_found_by_the_beginnings_of_id_and_names(staff: Client) -> None:
    add_person("4200", name="Анна")
    Person.objects.create(user_id="77", username="Rosehip", first_name="Борис")

    def found(**query: str) -> tuple[bool, bool]:
        page = read(staff, PEOPLE, **query)
        return "of/4200/" in page, "of/77/" in page

    assert found() == (True, True)
    assert found(q="42") == (True, False)
    assert found(q="200") == (False, False)
    assert found(q="анн") == (True, False)
    assert found(q="@Rose") == (False, True)
    assert found(access_state__exact="blocked") == (False, False)


@pytest.mark.parametrize(
    "address",
    [
        f"{EVENTS}?content__contains=роз",
        f"{PROFILES}?memory_summary__contains=роз",
        f"{NOTICES}?text__startswith=т",
        f"{UPDATES}?payload__contains=роз",
        f"{FILES}?name__contains=роз",
    ],
)
def test_words_cannot_be_asked_for_by_a_look_up_in_the_address(client: Client, address: str) -> None:
    log_in_with_everything_but_reading(client)

    assert client.get(address).status_code == 400


def test_a_list_counts_no_further_than_anybody_leafs_and_acts_on_no_more(staff: Client) -> None:
    Person.objects.bulk_create(
        [Person(user_id=str(number), access_state="pending") for number in range(LISTED + 1)]
    )

    assert f"{LISTED}+" in read(staff, PEOPLE)
    everybody = choose(staff, "approve", Person.objects.first(), select_across="1")
    Person.objects.filter(user_id="7").delete()
    asked = choose(staff, "reset_profiles", Person.objects.first(), select_across="1")

    assert f"Не больше {LISTED} за один раз" in everybody
    assert not Person.objects.exclude(access_state="pending").exists()
    assert f"Сброс затронет {LISTED} человек" in asked
    assert asked.count('type="hidden"') < 10  # and none for each of those chosen


def test_a_reset_across_pages_is_the_list_s_query_again(staff: Client, media: Path) -> None:
    for user_id, state in (("1", "approved"), ("2", "approved"), ("3", "blocked")):
        add_person(user_id, state)
        ProfileFactory(user_id=user_id, tone="dry", memory_summary="итог")
        fill_memory(user_id, 2)
    store_text_file("1", "заметки")
    choice = {"action": "reset_profiles", "select_across": "1", "_selected_action": "any"}
    address = f"{PEOPLE}?access_state__exact=approved"

    asked = staff.post(address, choice).content.decode()
    counts = [f'count-{name}">{number}<' in asked for name, number in COUNTS_OF_TWO.items()]
    stale = staff.post(address, {**choice, "confirmed": "3"}).content.decode()
    untouched = MemoryEvent.objects.count()
    told = {"confirmed": "2", "is_told": "yes", "occasion": "once"}
    for _ in range(2):  # a double click
        done = staff.post(address, {**choice, **told}, follow=True).content.decode()

    assert counts == [True] * len(COUNTS_OF_TWO)
    assert "найдены не те" in stale
    assert untouched == 6
    assert "Сброшено людей: 2" in done
    assert list(UserProfile.objects.order_by("user_id").values_list("tone", flat=True)) == [
        "witty",
        "witty",
        "dry",
    ]
    assert set(MemoryEvent.objects.values_list("user_id", flat=True)) == {"3"}
    assert sorted(Notice.objects.values_list("chat_id", "about_user_id")) == [("1", "1"), ("2", "2")]
    assert "чистого листа" in Notice.objects.first().text
    assert "сброс: возвращено исходное" in section(staff, "log", "1")


COUNTS_OF_TWO = {"profiles": 2, "summaries": 2, "events": 4, "files": 1, "passages": 1}


def test_a_reset_tells_nobody_unless_asked_to_and_nobody_who_is_not_received(staff: Client) -> None:
    approved, blocked = add_person("1", "approved"), add_person("2", "blocked")

    choose(staff, "reset_profiles", approved, confirmed="1")
    choose(staff, "reset_profiles", blocked, confirmed="1", is_told="yes", occasion="once")

    assert Notice.objects.count() == 0


def test_a_compression_is_asked_for_and_followed_on_the_page(staff: Client) -> None:
    person = add_person("42", "approved")
    ProfileFactory(user_id="42")

    page = choose(staff, "compress", person, from_page="42")
    waiting = section(staff, "compressions")
    redis_client().flushdb()  # as the worker takes the mark away
    Compression.objects.create(user_id="42", status="ok", summarised=31, deleted=31)
    done = section(staff, "compressions")

    assert "Запрошено сжатий: 1." in page
    assert "data-poll" in waiting
    assert "data-poll" not in done
    assert "31" in done
    assert LogEntry.objects.get().change_message == "compression asked for"


def test_an_export_is_what_the_person_would_get(staff: Client) -> None:
    people = [add_person("42"), add_person("43")]
    ProfileFactory(user_id="42")
    EventFactory(user_id="42", content="о розах")

    def export(*chosen: Person) -> Any:
        return staff.post(PEOPLE, {"action": "export", "_selected_action": [one.pk for one in chosen]})

    one, both = export(people[0]), export(*people)
    document = json.loads(b"".join(one.streaming_content))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(both.streaming_content)))

    assert one["Content-Disposition"].startswith('attachment; filename="butler-export-42-')
    assert [event["content"] for event in document["events"]] == ["о розах"]
    assert document["person"]["first_name"] == "Анна"
    assert sorted(archive.namelist()) == ["butler-export-42.json", "butler-export-43.json"]
    assert LogEntry.objects.filter(change_message="export 1").count() == 3


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
        f"{PEOPLE}{person.pk}/history/",
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
    parts = ("of/42/summary", "of/42/conversation", "of/42/files", *DETAILS)
    return address == f"{PEOPLE}of/42/" or (
        "history" not in address and any(part in address for part in parts)
    )


DETAILS = ("memoryevent/6", "userprofile/6", "storedfile/6", "notice/6")


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
        "view_logentry",
    )
    addresses = [address for address in list_pages(person, notice) if "exchange" not in address]

    with capture_logs() as lines:
        shown = [
            address
            for address in addresses
            if client.get(address).status_code == 200 and "канарейка" in read(client, address)
        ]
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
    assert len(shown) * 2 + 1 == len(read_lines)
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
    found = section(staff, "conversation", words="слово 03")

    assert ("слово 44" in latest, "слово 05" in latest, "слово 04" in latest) == (True, True, False)
    assert latest.index("слово 05") < latest.index("слово 44")
    assert ("слово 04" in earlier, "слово 05" in earlier) == (True, False)
    assert (found.count("слово 03 &lt;script&gt;"), "слово 04" in found) == (1, False)
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
