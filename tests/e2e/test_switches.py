"""PERSONALIZATION_ENABLED and ACCESS_POLICY, switched away from their defaults in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from botgateway.wording.general import GeneralPhrase
from tests.harness.llm_wire import default_answer
from tests.harness.shared_stack import QUICK
from tests.harness.stack import Stack
from tests.harness.wording import shown


@pytest.fixture(scope="module")
def plain_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A plain assistant for approved people: nobody has a profile or a memory."""
    directory: Path = tmp_path_factory.mktemp("plain")
    settings = {**QUICK, "PERSONALIZATION_ENABLED": "false", "ACCESS_POLICY": "approval"}
    with Stack(directory, **settings) as stack:
        yield stack


def read_everything(stack: Stack) -> list[list[dict[str, Any]]]:
    return [list(stack.database()[name].find()) for name in ("user_profiles", "user_memory")]


def decide(stack: Stack, chat_id: int, state: str) -> None:
    people = stack.database().people
    assert people.update_one({"user_id": str(chat_id)}, {"$set": {"access_state": state}}).matched_count == 1


def admit(stack: Stack, chat_id: int) -> None:
    stack.telegram.write(chat_id, "/start")
    stack.telegram.wait_for_answers(chat_id, 1)
    decide(stack, chat_id, "approved")


def test_an_unknown_person_is_told_to_wait_and_never_reaches_the_model(
    plain_stack: Stack, chat_id: int
) -> None:
    telegram = plain_stack.telegram
    telegram.write(chat_id, "/start")
    telegram.write(chat_id, f"Пустите, я {chat_id}")
    telegram.upload(chat_id, kind="voice", content=b"OggS")

    assert telegram.wait_for_answers(chat_id, 3) == [shown(GeneralPhrase.ACCESS_PENDING)] * 3
    assert plain_stack.model
    assert [r for r in plain_stack.model.requests() if str(chat_id) in str(r["messages"])] == []
    person = plain_stack.database().people.find_one({"user_id": str(chat_id)})
    assert person is not None
    assert (person["chat_id"], person["access_state"]) == (str(chat_id), "pending")


def test_an_approved_person_is_answered(plain_stack: Stack, chat_id: int) -> None:
    admit(plain_stack, chat_id)

    plain_stack.telegram.write(chat_id, "А теперь?")

    answers = plain_stack.telegram.wait_for_answers(chat_id, 2)
    assert answers == [shown(GeneralPhrase.ACCESS_PENDING), default_answer("А теперь?", words=0)]


@pytest.mark.parametrize("state", ["refused", "blocked"])
def test_someone_turned_away_gets_a_refusal_and_never_reaches_the_model(
    plain_stack: Stack, chat_id: int, state: str
) -> None:
    admit(plain_stack, chat_id)
    decide(plain_stack, chat_id, state)

    plain_stack.telegram.write(chat_id, f"Это снова я, {chat_id}")

    answers = plain_stack.telegram.wait_for_answers(chat_id, 2)
    assert answers[1] == shown(GeneralPhrase.ACCESS_REFUSED)
    assert plain_stack.model
    assert [r for r in plain_stack.model.requests() if str(chat_id) in str(r["messages"])] == []


def test_without_personalisation_nothing_is_read_or_stored_of_anybody(
    plain_stack: Stack, chat_id: int
) -> None:
    telegram, database = plain_stack.telegram, plain_stack.database()
    admit(plain_stack, chat_id)
    owner = {"user_id": str(chat_id)}
    profile = {**owner, "memory_summary": f"подброшено-{chat_id}", "language": "en"}
    event = {**owner, "role": "user", "content": f"подброшено-{chat_id}", "created_at": datetime.now(UTC)}
    database.user_profiles.insert_one(profile)
    database.user_memory.insert_one(event)
    before = read_everything(plain_stack)

    for number, text in enumerate(["Первое", "Второе", "/clear", "/help", "Третье"], start=2):
        telegram.write(chat_id, text)
        telegram.wait_for_answers(chat_id, number)

    assert plain_stack.model
    prompts = [
        r["messages"] for r in plain_stack.model.requests() if r["messages"][-1]["content"] == "Третье"
    ]
    assert read_everything(plain_stack) == before
    assert len(prompts) == 1
    assert [message["role"] for message in prompts[0]] == ["system", "user"]
    assert f"подброшено-{chat_id}" not in str(prompts)
    reads = [
        line for line in plain_stack.read_metrics("worker").splitlines() if line.startswith("user_profile_")
    ]
    assert {line.split()[1] for line in reads if "_total" in line} == {"0.0"}
