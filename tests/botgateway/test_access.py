from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from botgateway.domain import access_notices, decisions
from botgateway.domain.access import check_access, list_people
from botgateway.domain.buttons import keyboard_from_json
from botgateway.domain.decisions import (
    POSSIBLE,
    ImpossibleDecision,
    UnknownPerson,
    ask_for_access,
    decide,
    finish_decisions,
    record_decision,
)
from botgateway.domain.updates import IncomingMessage, Sender
from botgateway.enums import AccessState, DecisionSource
from botgateway.models import AccessDecision, Notice, Person

pytestmark = pytest.mark.django_db

ADMIN, OTHER_ADMIN, PERSON = 7, -100_8, 42
PENDING, APPROVED, REFUSED, BLOCKED = AccessState
VIA = DecisionSource.BUTTON


@pytest.fixture(autouse=True)
def _approval(settings: Any) -> None:
    settings.ACCESS_POLICY = "approval"
    settings.ADMIN_CHAT_IDS = [ADMIN, OTHER_ADMIN]
    settings.OVERDUE_AFTER_S = 0


def say_something(user_id: int = PERSON, *, is_private: bool = True, **sender: str) -> IncomingMessage:
    return IncomingMessage(
        chat_id=user_id if is_private else -500,
        message_id=1,
        sender=Sender(user_id=str(user_id), **{"first_name": "Анна", "language_code": "ru", **sender}),
        is_private=is_private,
        text="/start",
    )


def add_person(state: AccessState = PENDING, **fields: Any) -> Person:
    return Person.objects.create(
        **{"user_id": str(PERSON), "chat_id": str(PERSON), "access_state": state, **fields}
    )


def list_notices(prefix: str) -> list[tuple[str, str, bool]]:
    """Return key, text and whether there are buttons of every notice whose key begins so."""
    return [
        (notice.key, notice.text, bool(notice.keyboard))
        for notice in Notice.objects.order_by("key")
        if notice.key.startswith(prefix)
    ]


def test_somebody_unknown_is_not_recorded_before_they_ask() -> None:
    assert check_access(say_something()) is PENDING
    assert Person.objects.count() == 0


@pytest.mark.parametrize("state", AccessState)
def test_everybody_stands_as_it_was_decided(state: AccessState) -> None:
    add_person(state)

    assert check_access(say_something()) is state


def test_an_open_house_records_whoever_comes_and_keeps_out_the_blocked(settings: Any) -> None:
    settings.ACCESS_POLICY = "open"

    assert check_access(say_something(username="anna")) is APPROVED

    person = Person.objects.get()
    assert (person.user_id, person.chat_id, person.first_name, person.username) == (
        "42",
        "42",
        "Анна",
        "anna",
    )
    assert person.access_state == APPROVED
    Person.objects.update(access_state=BLOCKED)
    assert check_access(say_something()) is BLOCKED
    Person.objects.update(access_state=REFUSED)
    assert check_access(say_something()) is APPROVED
    assert Person.objects.get().access_state == REFUSED


def test_concurrent_first_messages_record_one_person(settings: Any) -> None:
    settings.ACCESS_POLICY = "open"

    with ThreadPoolExecutor(8) as threads:
        states = list(threads.map(lambda _: check_access(say_something()), range(16)))

    assert states == [APPROVED] * 16
    assert Person.objects.count() == 1


def test_an_admin_by_configuration_is_approved_and_cannot_be_blocked() -> None:
    assert check_access(say_something(ADMIN)) is APPROVED
    assert Person.objects.get().access_state == APPROVED

    with pytest.raises(ImpossibleDecision):
        decide(str(ADMIN), BLOCKED, decided_by="telegram:8", via=VIA)


def test_names_are_refreshed_when_they_changed_but_seldom() -> None:
    add_person(APPROVED, first_name="Анна", language_code="ru")

    check_access(say_something(first_name="Аня"))
    assert Person.objects.get().first_name == "Анна"

    Person.objects.update(updated_at=timezone.now() - timedelta(hours=2))
    check_access(say_something(first_name="Аня"))
    assert Person.objects.get().first_name == "Аня"


def test_a_private_chat_is_known_from_the_first_private_message_on(settings: Any) -> None:
    settings.ACCESS_POLICY = "open"

    check_access(say_something(is_private=False))
    assert Person.objects.get().chat_id == ""

    check_access(say_something())
    assert Person.objects.get().chat_id == "42"


def test_a_request_is_put_before_every_admins_chat_once() -> None:
    first = ask_for_access(say_something(username="anna"))
    second = ask_for_access(say_something(username="anna"))

    assert (first.state, first.is_new, first.notice_chats) == (PENDING, True, ("7", "-1008"))
    assert (second.state, second.is_new, second.notice_chats) == (PENDING, False, ())
    assert Notice.objects.count() == 2
    notice = Notice.objects.get(chat_id="7")
    assert "Анна, @anna, 42" in notice.text
    buttons = [button for row in keyboard_from_json(notice.keyboard) for button in row]
    assert [(button.text, button.action) for button in buttons] == [
        ("Одобрить", "access:approved:42"),
        ("Отказать", "access:refused:42"),
        ("Заблокировать", "access:blocked:42"),
    ]


def test_markup_in_a_name_stays_a_name() -> None:
    ask_for_access(say_something(first_name="*[x](http://x)*"))

    assert r"\*\[x\]\(http://x\)\*" in Notice.objects.get(chat_id="7").text


def test_a_decision_is_audited_told_and_shown_to_every_admin() -> None:
    ask_for_access(say_something(language_code="en"))
    add_person(APPROVED, user_id="8", first_name="Пётр")

    made = decide("42", APPROVED, decided_by="telegram:8", via=VIA)

    assert (made.state, made.is_new, made.decided_by) == (APPROVED, True, "telegram:8")
    assert set(made.notice_chats) == {"42", "7", "-1008"}
    audited = AccessDecision.objects.get()
    assert (audited.user_id, audited.before, audited.after, audited.decided_by, audited.via) == (
        "42",
        PENDING,
        APPROVED,
        "telegram:8",
        VIA,
    )
    assert audited.decided_at == made.person.decided_at
    ((_, told, _),) = list_notices("decision:")
    assert told.startswith("I have the pleasure")
    requests = list_notices("request:")
    assert [has_buttons for _, _, has_buttons in requests] == [False, False]
    assert all("одобрено. Решил: Пётр, 8" in text for _, text, _ in requests)
    assert Person.objects.get(user_id="42").unfinished == ""


def test_a_repeated_decision_changes_nothing() -> None:
    ask_for_access(say_something())
    decide("42", APPROVED, decided_by="telegram:8", via=VIA)
    before = (list(AccessDecision.objects.values()), list(Notice.objects.values()))

    again = decide("42", APPROVED, decided_by="telegram:9", via=DecisionSource.COMMAND)

    assert (again.is_new, again.decided_by, again.notice_chats) == (False, "telegram:8", ())
    assert (list(AccessDecision.objects.values()), list(Notice.objects.values())) == before


def test_a_button_of_a_request_does_not_overrule_what_another_admin_decided() -> None:
    ask_for_access(say_something())
    decide("42", APPROVED, decided_by="telegram:8", via=VIA, expected=PENDING)

    late = decide("42", BLOCKED, decided_by="telegram:9", via=VIA, expected=PENDING)

    assert (late.state, late.is_new, late.decided_by) == (APPROVED, False, "telegram:8")
    assert decide("42", BLOCKED, decided_by="telegram:9", via=DecisionSource.COMMAND).is_new


@pytest.mark.parametrize("before", AccessState)
@pytest.mark.parametrize("after", [APPROVED, REFUSED, BLOCKED])
def test_only_the_ways_of_the_diagram_are_open(before: AccessState, after: AccessState) -> None:
    add_person(before)

    if after in POSSIBLE[before]:
        assert decide("42", after, decided_by="staff:boss", via=VIA).is_new
    elif after is not before:
        with pytest.raises(ImpossibleDecision) as raised:
            decide("42", after, decided_by="staff:boss", via=VIA)
        assert raised.value.state is before
    assert AccessDecision.objects.count() == (after in POSSIBLE[before])


def test_nobody_decides_about_somebody_unknown() -> None:
    with pytest.raises(UnknownPerson):
        decide("43", APPROVED, decided_by="staff:boss", via=VIA)


@pytest.mark.parametrize("_round", range(3))
def test_of_many_admins_at_once_one_decides_and_the_others_learn_who(_round: int) -> None:
    ask_for_access(say_something())
    wishes = [(admin, state) for admin in range(100, 104) for state in (APPROVED, REFUSED, BLOCKED)]

    with ThreadPoolExecutor(len(wishes)) as threads:
        made = list(
            threads.map(
                lambda wish: decide(
                    "42", wish[1], decided_by=f"telegram:{wish[0]}", via=VIA, expected=PENDING
                ),
                wishes,
            )
        )

    (winner,) = [decision for decision in made if decision.is_new]
    assert {(decision.state, decision.decided_by) for decision in made} == {(winner.state, winner.decided_by)}
    assert AccessDecision.objects.count() == 1
    assert len(list_notices("decision:")) == 1
    assert {has_buttons for _, _, has_buttons in list_notices("request:")} == {False}


def test_after_a_crash_the_sweeper_makes_up_for_audit_and_notices() -> None:
    person = ask_for_access(say_something()).person
    assert record_decision(person, APPROVED, decided_by="staff:boss", via=DecisionSource.SITE)
    assert AccessDecision.objects.count() == 0

    assert set(finish_decisions()) == {"42", "7", "-1008"}

    audited = AccessDecision.objects.get()
    assert (audited.before, audited.after, audited.via) == (PENDING, APPROVED, DecisionSource.SITE)
    assert len(list_notices("decision:")) == 1
    assert finish_decisions() == ()


def test_the_sweeper_leaves_alone_what_somebody_is_about_to_finish(settings: Any) -> None:
    settings.OVERDUE_AFTER_S = 60
    person = ask_for_access(say_something()).person
    assert record_decision(person, APPROVED, decided_by="staff:boss", via=DecisionSource.SITE)

    assert finish_decisions() == ()
    assert AccessDecision.objects.count() == 0


def test_after_a_crash_the_next_decision_leaves_no_gap_in_the_audit() -> None:
    person = ask_for_access(say_something()).person
    record_decision(person, APPROVED, decided_by="telegram:8", via=VIA)

    decide("42", BLOCKED, decided_by="telegram:9", via=VIA)

    audit = AccessDecision.objects.order_by("decided_at").values_list("before", "after", "decided_by")
    assert list(audit) == [(PENDING, APPROVED, "telegram:8"), (APPROVED, BLOCKED, "telegram:9")]
    assert len(list_notices("decision:")) == 2


def test_what_was_begun_twice_is_written_and_said_once() -> None:
    person = ask_for_access(say_something()).person
    record_decision(person, APPROVED, decided_by="telegram:8", via=VIA)
    stale = Person.objects.get()

    decisions.finish_decision(person)
    decisions.finish_decision(stale)

    assert (AccessDecision.objects.count(), len(list_notices("decision:"))) == (1, 1)


def test_a_request_that_was_decided_while_it_was_filed_shows_so() -> None:
    person = add_person()
    decide("42", APPROVED, decided_by="telegram:8", via=VIA)

    access_notices.file_requests(Person(user_id="42"))  # as its filer saw the person, before the decision
    person.refresh_from_db()
    access_notices.revise_requests(person, after="0")

    assert [has_buttons for _, _, has_buttons in list_notices("request:")] == [False, False]


def test_a_refused_person_may_ask_again_after_a_week() -> None:
    ask_for_access(say_something())
    decide("42", REFUSED, decided_by="telegram:8", via=VIA)

    assert (ask_for_access(say_something()).state, Notice.objects.count()) == (REFUSED, 3)

    Person.objects.update(decided_at=timezone.now() - timedelta(days=8))
    again = ask_for_access(say_something())
    assert (again.state, again.is_new, again.notice_chats) == (PENDING, True, ("7", "-1008"))
    assert len(list_notices("request:")) == 4
    assert decide("42", APPROVED, decided_by="telegram:8", via=VIA, expected=PENDING).is_new
    assert {has_buttons for _, _, has_buttons in list_notices("request:")} == {False}


def test_people_are_listed_by_pages() -> None:
    for number in range(5):
        add_person(PENDING if number % 2 else APPROVED, user_id=str(number))

    page = list_people([PENDING, APPROVED], page=2, size=2)
    assert (page.total, page.page, page.pages, [person.user_id for person in page.people]) == (
        5,
        2,
        3,
        ["2", "1"],
    )
    assert list_people([PENDING], page=99, size=2).page == 1


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["decide", "crash", "sweep", "ask"]),
            st.sampled_from([APPROVED, REFUSED, BLOCKED]),
        ),
        max_size=12,
    )
)
def test_whatever_happens_the_audit_tells_it_without_a_gap(steps: list[tuple[str, AccessState]]) -> None:
    for model in (Person, AccessDecision, Notice):
        model.objects.all().delete()
    ask_for_access(say_something())

    for step, state in steps:
        person = Person.objects.get()
        if step == "sweep":
            finish_decisions()
        elif step == "ask":
            Person.objects.filter(access_state=REFUSED).update(
                decided_at=person.decided_at and person.decided_at - timedelta(days=8)
            )
            ask_for_access(say_something())
        elif state in POSSIBLE[AccessState(person.access_state)]:
            decisions.finish_decision(person)
            record_decision(person, state, decided_by="telegram:8", via=VIA)
            if step == "decide":
                decisions.finish_decision(person)
    finish_decisions()

    audit = list(AccessDecision.objects.order_by("decided_at").values_list("before", "after"))
    stood = PENDING
    for before, after in audit:
        assert before == stood or (before, stood) == (PENDING, REFUSED)  # asked again
        stood = AccessState(after)
    assert Person.objects.get().access_state in (stood, PENDING)
    assert len(list_notices("decision:")) == len(audit)
