"""/admin: the password, the lists, the decisions. The models are in `test_catalogue`."""

from __future__ import annotations

from typing import Any

import pytest

from botgateway.wording.access import AccessPhrase
from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.general import GeneralPhrase
from tests.harness.guarded_stack import (
    ADMIN_GROUP,
    GROUP_MEMBER,
    PASSWORD,
    buttons,
    find_message,
    press,
    words_on,
)
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

GROUP_COMMAND = "/admin@butler_sandbox_bot"


@pytest.fixture
def stack(guarded_stack: Stack) -> Stack:
    return guarded_stack


def log_in(telegram: SandboxClient, chat_id: int) -> None:
    assert telegram.ask(chat_id, f"/admin login {PASSWORD}") == shown(Words.LOGGED_IN, minutes=30)


def read_payloads(stack: Stack, chat_id: int) -> list[str]:
    """Return what is kept of everything that was said in a chat."""
    return [update["payload"] for update in stack.database().inbox_updates.find({"chat_id": str(chat_id)})]


def add_guests(stack: Stack, count: int) -> list[int]:
    """Let new people ask for access; return their ids, first come first."""
    return add_people(stack, [new_chat_id() for _ in range(count)])


def add_people(stack: Stack, chats: list[int], *, state: str = "pending") -> list[int]:
    for chat in chats:
        guest = {"id": chat, "first_name": f"Гость{chat}", "language_code": "ru"}
        stack.telegram.ask(chat, "/start", from_=guest)
    people = {"user_id": {"$in": [str(chat) for chat in chats]}}
    stack.database().people.update_many(people, {"$set": {"access_state": state}})
    return chats


def test_the_password_leaves_chat_and_database_whether_it_is_right_or_wrong(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    assert telegram.ask(chat_id, "/admin stats") == shown(Words.NOT_LOGGED_IN)
    wrong = telegram.write(chat_id, "/admin login неверный-пароль")["message_id"]
    assert telegram.wait_for_whole_answers(chat_id, 2)[-1] == shown(Words.WRONG_PASSWORD)
    log_in(telegram, chat_id)
    stack.wait_until_settled()

    written = [message["text"] for message in telegram.messages(chat_id) if not message["from_bot"]]
    assert written == ["/admin stats"]
    assert telegram.message(chat_id, wrong)["deleted_at"]
    assert set(read_payloads(stack, chat_id)) == {""}
    broker = stack.broker()
    kept = [broker.get(key) for key in broker.scan_iter() if broker.type(key) == "string"]
    searched = " ".join([stack.read_logs(), *map(str, kept), *telegram.answers(chat_id)])
    assert "неверный-пароль" not in searched
    assert PASSWORD not in searched
    assert telegram.ask(chat_id, "/admin logout") == shown(Words.LOGGED_OUT)
    assert telegram.ask(chat_id, "/admin stats") == shown(Words.NOT_LOGGED_IN)


@pytest.mark.parametrize("is_stranger", [True, False])
def test_a_password_that_comes_as_an_edit_is_taken_like_any_other(
    telegram: SandboxClient, stack: Stack, chat_id: int, is_stranger: bool
) -> None:
    add_people(stack, [chat_id], state="pending" if is_stranger else "approved")
    message_id = telegram.write(chat_id, "/ping")["message_id"]
    telegram.wait_for_whole_answers(chat_id, 2)

    telegram.edit(chat_id, message_id, f"/admin login {PASSWORD}")

    find_message(telegram, chat_id, shown(Words.LOGGED_IN, minutes=30))
    stack.wait_until_settled()
    assert telegram.message(chat_id, message_id)["deleted_at"]
    assert not any("login" in payload for payload in read_payloads(stack, chat_id))


def test_guessing_is_locked_after_five_wrong_passwords_even_for_the_right_one(
    telegram: SandboxClient, chat_id: int
) -> None:
    answers = [telegram.ask(chat_id, f"/admin login {number}") for number in range(5)]
    locked = telegram.ask(chat_id, f"/admin login {PASSWORD}")

    assert answers == [shown(Words.WRONG_PASSWORD)] * 5
    assert locked == shown(Words.LOCKED, minutes=15)
    assert telegram.messages(chat_id)[-1]["text"] == locked
    other = new_chat_id()
    log_in(telegram, other)


def test_a_session_is_somebodys_own_and_needs_a_password_in_every_case(
    telegram: SandboxClient, chat_id: int
) -> None:
    other = new_chat_id()
    log_in(telegram, chat_id)

    assert telegram.ask(other, "/admin users") == shown(Words.NOT_LOGGED_IN)
    assert telegram.ask(chat_id, "/admin login") == shown(Words.LOGIN_USAGE)
    assert telegram.ask(chat_id, "/admin") == shown(Words.HELP)
    assert telegram.ask(chat_id, "/admin dance") == shown(Words.USAGE)


def test_an_owner_lets_himself_in(telegram: SandboxClient, chat_id: int) -> None:
    telegram.ask(chat_id, "/start", from_={"id": chat_id, "first_name": "Хозяин"})
    log_in(telegram, chat_id)

    telegram.write(chat_id, f"/admin approve {chat_id}")

    find_message(telegram, chat_id, shown(Words.DECIDED, person=f"Хозяин, {chat_id}", state="одобрено"))
    find_message(telegram, chat_id, shown(AccessPhrase.TOLD_APPROVED))


def test_decisions_by_command_are_told_and_wrong_ones_explained(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    log_in(telegram, chat_id)
    (guest,) = add_guests(stack, 1)
    named = f"Гость{guest}, {guest}"

    for command, words in (
        ("approve", shown(Words.DECIDE_USAGE, verb="approve")),
        ("block 1 2", shown(Words.DECIDE_USAGE, verb="block")),
        ("approve 4444444", shown(Words.NO_SUCH_PERSON, user_id="4444444")),
        ("block 900", shown(Words.ADMINS_STAY)),
        (f"approve {guest}", shown(Words.DECIDED, person=named, state="одобрено")),
        (
            f"approve {guest}",
            shown(Words.DECIDED_ALREADY, person=named, state="одобрено", decider=str(chat_id)),
        ),
        (f"refuse {guest}", shown(Words.IMPOSSIBLE, state="одобрено")),
        (f"block {guest}", shown(Words.DECIDED, person=named, state="заблокировано")),
    ):
        assert telegram.ask(chat_id, f"/admin {command}") == words

    find_message(telegram, guest, shown(AccessPhrase.TOLD_APPROVED))
    find_message(telegram, guest, shown(AccessPhrase.TOLD_BLOCKED))
    audit = stack.database().access_decisions.find({"user_id": str(guest)}, sort=[("decided_at", 1)])
    assert [(row["after"], row["via"], row["decided_by"]) for row in audit] == [
        ("approved", "command", f"telegram:{chat_id}"),
        ("blocked", "command", f"telegram:{chat_id}"),
    ]


def test_the_pending_are_listed_by_pages_and_decided_by_buttons(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    stack.database().people.update_many({"access_state": "pending"}, {"$set": {"access_state": "refused"}})
    guests = add_guests(stack, 8)
    log_in(telegram, chat_id)

    first = telegram.ask(chat_id, "/admin users pending")
    message_id = find_message(telegram, chat_id, first)["message_id"]

    assert first.startswith(shown(Words.PENDING, total=8, page=1, pages=2))
    assert [guest for guest in guests if f", {guest}:" in first] == guests[2:]
    offered = buttons(telegram, chat_id, message_id)
    assert len(offered) == 13
    press(telegram, chat_id, message_id, offered["▶"])
    second = telegram.message(chat_id, message_id)["text"]
    assert [guest for guest in guests if f", {guest}:" in second] == guests[:2]
    toast = press(
        telegram, chat_id, message_id, buttons(telegram, chat_id, message_id)[f"Отказать: Гость{guests[0]}"]
    )
    assert toast == words_on(Words.DECIDED, person=f"Гость{guests[0]}, {guests[0]}", state="отказано")
    assert telegram.message(chat_id, message_id)["text"].startswith(
        shown(Words.PENDING, total=7, page=2, pages=2)
    )
    find_message(telegram, guests[0], shown(AccessPhrase.TOLD_REFUSED))
    everybody = telegram.ask(chat_id, "/admin users 1")
    assert f"Гость{guests[7]}, {guests[7]}: ожидает" in everybody


def test_buttons_outside_the_admins_chats_go_with_the_session(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    add_people(stack, [chat_id], state="approved")
    (guest,) = add_guests(stack, 1)
    log_in(telegram, chat_id)
    telegram.ask(chat_id, "/admin users")
    message_id = telegram.messages(chat_id)[-1]["message_id"]
    telegram.ask(chat_id, "/admin logout")

    toast = press(telegram, chat_id, message_id, f"people:all:1:approved:{guest}")

    assert toast == words_on(Words.NOT_LOGGED_IN_TOAST)
    assert stack.database().people.find_one({"user_id": str(guest)})["access_state"] == "pending"


def test_in_the_admins_group_it_is_heard_and_in_others_not(telegram: SandboxClient, chat_id: int) -> None:
    somebody: dict[str, Any] = {"id": chat_id, "first_name": "Анна"}
    club = -chat_id
    telegram.add_to_group(club, title="Клуб", from_=somebody)

    assert telegram.ask(club, GROUP_COMMAND, from_=somebody) == shown(GeneralPhrase.PRIVATE_ONLY)
    assert telegram.ask(ADMIN_GROUP, GROUP_COMMAND, from_=GROUP_MEMBER) == shown(Words.HELP)
    assert telegram.ask(ADMIN_GROUP, f"{GROUP_COMMAND} stats", from_=GROUP_MEMBER) == shown(
        Words.NOT_LOGGED_IN
    )


def test_the_house_is_shown_in_figures(telegram: SandboxClient, stack: Stack, chat_id: int) -> None:
    log_in(telegram, chat_id)
    stack.wait_until_settled()
    people, inbox = stack.database().people, stack.database().inbox_updates
    pending, parked = (
        people.count_documents({"access_state": "pending"}),
        inbox.count_documents({"status": "parked"}),
    )

    shown_figures = telegram.ask(chat_id, "/admin stats")

    assert f"ожидает {pending}," in shown_figures
    assert f"без ответа {parked}," in shown_figures
    assert "Сейчас ждут ответа: 0." in shown_figures  # the question itself is not meant
