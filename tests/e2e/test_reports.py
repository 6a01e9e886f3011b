"""What the admins are told of without having asked: errors, once a day, and messages given up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from botgateway.wording.general import GeneralPhrase
from tests.harness.guarded_stack import ADMIN_GROUP, OWNER, find_message
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.wording import shown

SECRET = "фарфоровый слон"


@pytest.fixture
def stack(guarded_stack: Stack) -> Stack:
    return guarded_stack


def add_somebody_of_whom_the_records_are_broken(stack: Stack) -> int:
    chat_id = new_chat_id()
    now = datetime.now(UTC)
    owner = {"user_id": str(chat_id), "created_at": now, "updated_at": now}
    names = {"first_name": "", "username": "", "language_code": "ru", "chat_id": str(chat_id)}
    stack.database().people.insert_one({**owner, **names, "access_state": "approved"})
    stack.database().user_profiles.insert_one({**owner, "language": "ru", "preferred_topics": 5})
    return chat_id


def list_reports(stack: Stack, prefix: str) -> set[str]:
    """Return the keys of what was reported."""
    return {notice["key"] for notice in stack.database().notices.find({"key": {"$regex": f"^{prefix}:"}})}


def test_an_error_is_reported_once_and_each_message_given_up_with_where_to_look_and_no_words(
    stack: Stack,
) -> None:
    telegram, database = stack.telegram, stack.database()
    errors_before, parked_before = list_reports(stack, "error"), list_reports(stack, "parked")
    first = add_somebody_of_whom_the_records_are_broken(stack)
    second = add_somebody_of_whom_the_records_are_broken(stack)

    telegram.write(first, f"{SECRET} {first}")
    wait_until(lambda: list_reports(stack, "error") > errors_before, what="the report of the first error")
    telegram.write(second, f"{SECRET} {second}")
    for chat_id in (first, second):
        assert telegram.wait_for_answers(chat_id, 1) == [shown(GeneralPhrase.PARKED)]

    traces = {
        chat_id: database.inbox_updates.find_one({"chat_id": str(chat_id)})["trace_id"]
        for chat_id in (first, second)
    }
    for admins_chat in (OWNER, ADMIN_GROUP):
        error = find_message(telegram, admins_chat, "Неисправность", f"trace_id {traces[first]}")
        for trace in traces.values():
            find_message(telegram, admins_chat, "Сообщение осталось без ответа", f"trace_id {trace}")
    assert "место: personalization." in error["text"] or "место: botgateway." in error["text"]
    errors = list_reports(stack, "error") - errors_before
    days = {key.split(":")[2] for key in errors}  # two of them about midnight
    assert len(errors) == len(days) * 2  # admins' chats
    assert len(list_reports(stack, "parked") - parked_before) == 2 * 2
    told = " ".join(telegram.answers(OWNER) + telegram.answers(ADMIN_GROUP))
    assert SECRET not in told
    assert "Traceback" not in told
    wait_until(
        lambda: 'admin_reports_total{kind="error",result="counted"}' in stack.read_metrics("worker"),
        what="the count of what was not reported again",
    )
