"""Who may talk to Butler: the request, the decision, and what those do not reach whom nobody has let in."""

from __future__ import annotations

from typing import Any

import pytest

from botgateway.wording.access import AccessPhrase
from botgateway.wording.administration import AdministrationPhrase
from tests.harness.guarded_stack import (
    ADMIN_GROUP,
    GROUP_MEMBER,
    OWNER,
    buttons,
    find_message,
    press,
    words_on,
)
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

REQUEST = "Просьба о приёме"


@pytest.fixture
def stack(guarded_stack: Stack) -> Stack:
    return guarded_stack


def person(chat_id: int, **fields: Any) -> dict[str, Any]:
    return {"id": chat_id, "is_bot": False, "first_name": "Анна", "language_code": "ru", **fields}


def request_access(telegram: SandboxClient, chat_id: int, **fields: Any) -> None:
    answer = telegram.ask(chat_id, "/start", from_=person(chat_id, **fields))
    assert answer in (shown(AccessPhrase.REQUEST_FILED), shown(AccessPhrase.REQUEST_FILED, language="en"))


def decide(telegram: SandboxClient, chat_id: int, phrase: AccessPhrase) -> str:
    """Press a button of somebody's request in the owner's chat; return the toast."""
    message_id = find_message(telegram, OWNER, REQUEST, f", {chat_id}")["message_id"]
    return press(telegram, OWNER, message_id, buttons(telegram, OWNER, message_id)[words_on(phrase)])


def count_told(telegram: SandboxClient, chat_id: int, phrase: AccessPhrase) -> int:
    return telegram.answers(chat_id).count(shown(phrase))


def read_counters(stack: Stack) -> list[str]:
    """What the worker counts of models, of speech and of files."""
    lines = stack.read_metrics("worker").splitlines()
    counted = (
        "llm_requests_total",
        "speech_transcriptions_total",
        "speech_audio",
        "personalized_requests_total",
    )
    return sorted(line for line in lines if line.startswith(counted) and not line.endswith(" 0.0"))


def test_a_stranger_is_heard_a_few_times_and_reaches_neither_model_nor_speech_nor_storage(
    stack: Stack, chat_id: int
) -> None:
    telegram, database, media = stack.telegram, stack.database(), stack.directory / "media"
    stack.wait_until_settled()
    counters = read_counters(stack)
    asked = len(stack.model.requests()) if stack.model else 0

    telegram.write(chat_id, f"Пустите, я {chat_id}")
    telegram.upload(chat_id, kind="voice", content=b"OggS")
    telegram.upload(chat_id, kind="document", content=b"tea", name="tea.txt", mime_type="text/plain")
    telegram.wait_for_whole_answers(chat_id, 3)
    telegram.upload(chat_id, kind="photo", content=b"JFIF")
    telegram.write(chat_id, "/help")
    stack.wait_until_settled()

    assert telegram.answers(chat_id) == [shown(AccessPhrase.SEND_START)] * 3
    assert stack.model
    assert len(stack.model.requests()) == asked
    assert read_counters(stack) == counters
    assert [path for path in media.rglob("*") if path.is_file()] == []
    assert database.files.count_documents({"user_id": str(chat_id)}) == 0
    assert {update["prepared"] for update in database.inbox_updates.find({"chat_id": str(chat_id)})} == {""}
    assert database.people.count_documents({"user_id": str(chat_id)}) == 0
    refused = 'access_refused_updates_total{state="unknown"}'
    assert refused in stack.read_metrics("worker")


def test_a_request_is_put_before_every_admins_chat_and_an_approval_lets_the_person_in(
    stack: Stack, chat_id: int
) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id, username="anna")
    in_group = find_message(telegram, ADMIN_GROUP, REQUEST, f"Анна, @anna, {chat_id}")
    assert telegram.ask(chat_id, "Ну как?") == shown(AccessPhrase.STILL_PENDING)

    toast = decide(telegram, chat_id, AccessPhrase.APPROVE_BUTTON)

    assert toast == words_on(AdministrationPhrase.DECIDED, person=f"Анна, @anna, {chat_id}", state="одобрено")
    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_APPROVED))
    for admins_chat in (OWNER, ADMIN_GROUP):
        revised = find_message(
            telegram, admins_chat, f"{chat_id}", "Решение: одобрено", f"Решил: Павел, {OWNER}"
        )
        assert buttons(telegram, admins_chat, revised["message_id"]) == {}
    assert telegram.message(ADMIN_GROUP, in_group["message_id"])["text"] == revised["text"]
    answer = telegram.ask(chat_id, f"Меня пустили, {chat_id}", from_=person(chat_id))
    assert answer == default_answer(f"Меня пустили, {chat_id}", words=0)
    assert count_told(telegram, chat_id, AccessPhrase.TOLD_APPROVED) == 1
    (decision,) = stack.database().access_decisions.find({"user_id": str(chat_id)})
    assert (decision["before"], decision["after"], decision["decided_by"], decision["via"]) == (
        "pending",
        "approved",
        f"telegram:{OWNER}",
        "button",
    )


def test_an_admin_who_comes_second_learns_who_decided(stack: Stack, chat_id: int) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id)
    in_group = find_message(telegram, ADMIN_GROUP, REQUEST, f", {chat_id}")["message_id"]
    offered = buttons(telegram, ADMIN_GROUP, in_group)
    decide(telegram, chat_id, AccessPhrase.REFUSE_BUTTON)

    toast = press(telegram, ADMIN_GROUP, in_group, offered["Одобрить"], from_=GROUP_MEMBER)

    assert toast == words_on(
        AdministrationPhrase.DECIDED_ALREADY,
        person=f"Анна, {chat_id}",
        state="отказано",
        decider=f"Павел, {OWNER}",
    )
    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_REFUSED))
    assert telegram.ask(chat_id, "/start") == shown(AccessPhrase.STILL_REFUSED)
    assert stack.database().access_decisions.count_documents({"user_id": str(chat_id)}) == 1


def test_a_group_of_admins_decides_without_anybody_having_access_themselves(
    stack: Stack, chat_id: int
) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id, language_code="en")
    message_id = find_message(telegram, ADMIN_GROUP, REQUEST, f", {chat_id}")["message_id"]

    press(telegram, ADMIN_GROUP, message_id, f"access:approved:{chat_id}", from_=GROUP_MEMBER)

    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_APPROVED, language="en"))


def test_somebody_blocked_is_told_once_and_then_hardly_heard(stack: Stack, chat_id: int) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id)

    decide(telegram, chat_id, AccessPhrase.BLOCK_BUTTON)
    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_BLOCKED))
    for _ in range(4):
        telegram.write(chat_id, "/start")
    stack.wait_until_settled()

    assert count_told(telegram, chat_id, AccessPhrase.TOLD_BLOCKED) == 1
    assert count_told(telegram, chat_id, AccessPhrase.STILL_BLOCKED) == 1


def test_a_press_of_somebody_without_access_only_ends(stack: Stack, chat_id: int) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id)
    message_id = telegram.messages(chat_id)[-1]["message_id"]

    for data in (f"access:approved:{chat_id}", f"people:all:1:approved:{chat_id}", "retry", "access", "?"):
        assert press(telegram, chat_id, message_id, data) == ""

    stored = stack.database().people.find_one({"user_id": str(chat_id)})
    assert stored is not None
    assert stored["access_state"] == "pending"
    assert telegram.answers(chat_id) == [shown(AccessPhrase.REQUEST_FILED)]


def test_a_stranger_in_a_group_is_asked_to_come_in_person(stack: Stack, chat_id: int) -> None:
    telegram = stack.telegram
    group = -chat_id
    telegram.add_to_group(group, title="Клуб", from_=person(chat_id))

    telegram.write(group, "/start@butler_sandbox_bot", from_=person(chat_id))

    assert telegram.wait_for_whole_answers(group, 1) == [shown(AccessPhrase.NOT_IN_GROUPS)]
    assert stack.database().people.count_documents({"user_id": str(chat_id)}) == 0


def test_a_decision_reaches_the_person_once_although_the_worker_was_killed_over_it(
    stack: Stack, chat_id: int
) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id)
    telegram.order_fault(kind="accept_then_hang", method="sendMessage", chat_id=chat_id, seconds=60)

    decide(telegram, chat_id, AccessPhrase.APPROVE_BUTTON)
    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_APPROVED))
    stack.worker.kill()
    stack.worker.start()

    notices = stack.database().notices
    told = {"about_user_id": str(chat_id), "chat_id": str(chat_id)}
    wait_until(lambda: notices.count_documents({**told, "status": "sent"}) == 1, what="the delivered notice")
    assert telegram.ask(chat_id, "Благодарю") == default_answer("Благодарю", words=0)
    assert count_told(telegram, chat_id, AccessPhrase.TOLD_APPROVED) == 1


def test_a_notice_to_somebody_who_blocked_the_bot_is_given_up(stack: Stack, chat_id: int) -> None:
    telegram = stack.telegram
    request_access(telegram, chat_id)
    telegram.block(chat_id)

    decide(telegram, chat_id, AccessPhrase.APPROVE_BUTTON)

    notices = stack.database().notices
    told = {"about_user_id": str(chat_id), "chat_id": str(chat_id)}
    wait_until(lambda: notices.count_documents({**told, "status": "failed"}) == 1, what="the notice given up")
