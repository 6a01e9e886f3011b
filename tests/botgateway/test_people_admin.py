"""People on the admin site: how they are found, what is decided and done about them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from admin_lists import LISTED, MOST_AT_ONCE
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import AccessDecision, InboxUpdate, Notice, Person
from personalization.admin.confirmations import digest_people
from personalization.models import Compression, MemoryEvent, UserProfile
from redis_connection import redis_client
from tests.factories.personalization import EventFactory, ProfileFactory, fill_memory, store_text_file
from tests.harness.admin_site import (
    DECISIONS,
    NOTICES,
    PEOPLE,
    UPDATES,
    add_person,
    choose,
    log_in,
    read,
    section,
)

pytestmark = pytest.mark.django_db

COUNTS_OF_TWO = {"profiles": 2, "summaries": 2, "events": 4, "files": 1, "passages": 1}


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
    history = staff.get(f"{PEOPLE}{people[0].pk}/history/", follow=True).content.decode()
    assert "<td>одобрено</td>" in history


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

    after = choose(staff, "block", person, from_page="1", confirmed=digest_people(["1"]))

    assert 'id="person-page"' in after
    assert [f'value="{name}"' in after for name in ("approve", "refuse", "block")] == [True, False, False]
    shown = section(staff, "access", "1")
    assert all(text in shown for text in ("ожидает", "заблокировано", "staff:boss"))
    decision = AccessDecision.objects.get()
    assert "staff:boss" in read(staff, DECISIONS)
    assert staff.post(f"{DECISIONS}{decision.pk}/change/", {"after": "approved"}).status_code == 403
    assert staff.post(f"{DECISIONS}{decision.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_block_is_confirmed_of_those_who_were_counted_and_of_nobody_else(staff: Client) -> None:
    for user_id in ("1", "2", "3"):
        add_person(user_id, "approved")
    address = f"{PEOPLE}?access_state__exact=approved"
    choice = {"action": "block", "select_across": "1", "_selected_action": "any"}

    asked = staff.post(address, choice).content.decode()
    add_person("4", "approved")
    Person.objects.filter(user_id="1").update(access_state="refused")
    stale = staff.post(address, {**choice, "confirmed": digest_people(["1", "2", "3"])}).content.decode()
    untouched = AccessDecision.objects.count()
    confirmed = {**choice, "confirmed": digest_people(["4", "3", "2"])}
    done = staff.post(address, confirmed, follow=True).content.decode()
    english = staff.post(
        PEOPLE,
        {"action": "block", "_selected_action": Person.objects.first().pk, "from_page": "1"},
        headers={"Accept-Language": "en"},
    ).content.decode()

    assert "Будут заблокированы 3 человека" in asked
    assert "<li>3</li>" in asked
    assert "найдены не те" in stale
    assert untouched == 0
    assert "Заблокировано: 3;" in done
    assert set(AccessDecision.objects.values_list("after", "decided_by")) == {("blocked", "staff:boss")}
    assert LogEntry.objects.filter(change_message="blocked").count() == 3
    assert "1 person is blocked" in english
    assert f'href="{PEOPLE}of/1/"' in english  # the way back


def test_staff_who_may_only_look_decide_nothing(client: Client) -> None:
    log_in(client, "view_person")
    person = add_person("1")

    choose(client, "approve", person)
    choose(client, "block", person, confirmed=digest_people(["1"]))
    choose(client, "reset_profiles", person, confirmed=digest_people(["1"]))
    choose(client, "export", person)

    assert Person.objects.get().access_state == "pending"
    page = read(client, f"{PEOPLE}of/1/")
    assert 'name="action"' not in page
    unknown, unpermitted = client.get(f"{PEOPLE}of/2/"), client.get(DECISIONS)
    assert (unknown.status_code, unpermitted.status_code) == (404, 403)
    assert "ничего не хранится" in unknown.content.decode()
    assert "которого у Вас нет" in unpermitted.content.decode()
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


def test_records_of_a_chat_are_found_whatever_became_of_them(staff: Client) -> None:
    for number, status in enumerate(UpdateStatus.values):
        InboxUpdate.objects.create(
            update_id=number, kind="message", chat_id="42", status=status, trace_id=f"{number:032x}"
        )
    for status in NoticeStatus.values:
        Notice.objects.create(key=f"told:{status}", chat_id="42", status=status)
    Notice.objects.create(key="request:42", chat_id="7", about_user_id="42")

    def count(address: str, term: str) -> int:
        return read(staff, address, q=term).count('<th class="field-')

    assert count(UPDATES, "42") == len(UpdateStatus.values)
    assert count(NOTICES, "42") == len(NoticeStatus.values) + 1
    assert [count(UPDATES, "4"), count(NOTICES, "4")] == [0, 0]
    assert [count(UPDATES, f"{2:032x}"), count(NOTICES, "told:failed")] == [1, 1]


def test_a_list_counts_no_further_than_anybody_leafs_and_acts_on_a_bounded_number(staff: Client) -> None:
    Person.objects.bulk_create(
        [Person(user_id=str(number), access_state="pending") for number in range(LISTED + 1)]
    )

    assert f"Всего: {LISTED}+\n" in read(staff, PEOPLE)
    Person.objects.filter(user_id=str(LISTED)).delete()
    assert f"Всего: {LISTED}\n" in read(staff, PEOPLE)
    everybody = choose(staff, "approve", Person.objects.first(), select_across="1")
    Person.objects.exclude(user_id__in=map(str, range(MOST_AT_ONCE))).delete()
    asked = choose(staff, "reset_profiles", Person.objects.first(), select_across="1")

    assert f"Не больше {MOST_AT_ONCE} за один раз" in everybody
    assert not Person.objects.exclude(access_state="pending").exists()
    assert f"Сброс затронет {MOST_AT_ONCE} человек" in asked
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
    stale = staff.post(address, {**choice, "confirmed": digest_people(["1", "3"])}).content.decode()
    untouched = MemoryEvent.objects.count()
    told = {"confirmed": digest_people(["1", "2"]), "is_told": "yes", "occasion": "once"}
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


def test_a_reset_tells_nobody_unless_asked_to_and_nobody_who_is_not_received(staff: Client) -> None:
    approved, blocked = add_person("1", "approved"), add_person("2", "blocked")

    choose(staff, "reset_profiles", approved, confirmed=digest_people(["1"]))
    choose(staff, "reset_profiles", blocked, confirmed=digest_people(["2"]), is_told="yes", occasion="once")

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
