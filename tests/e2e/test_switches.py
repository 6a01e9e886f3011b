"""PERSONALIZATION_ENABLED switched off, in a house that admits people by approval."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from botgateway.wording.access import AccessPhrase
from tests.harness.shared_stack import QUICK
from tests.harness.stack import Stack
from tests.harness.wording import shown

OWNER = 900


@pytest.fixture(scope="module")
def plain_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A plain assistant for approved people: nobody has a profile or a memory."""
    directory: Path = tmp_path_factory.mktemp("plain")
    switches = {"PERSONALIZATION_ENABLED": "false", "ACCESS_POLICY": "approval", "ADMIN_CHAT_ID": str(OWNER)}
    with Stack(directory, **QUICK, **switches) as stack:
        stack.telegram.write(OWNER, "/start")  # until then no bot can write to him
        stack.telegram.wait_for_answers(OWNER, 1)
        yield stack


def read_everything(stack: Stack) -> list[list[dict[str, Any]]]:
    return [list(stack.database()[name].find()) for name in ("user_profiles", "user_memory")]


def admit(stack: Stack, chat_id: int) -> None:
    stack.telegram.write(chat_id, "/start")
    assert stack.telegram.wait_for_answers(chat_id, 1) == [shown(AccessPhrase.REQUEST_FILED)]
    request = stack.telegram.wait_for_answers(OWNER, 2)[1]  # after the owner's own welcome
    assert str(chat_id) in request
    message_id = stack.telegram.messages(OWNER)[-1]["message_id"]
    stack.telegram.press(OWNER, message_id, f"access:approved:{chat_id}")
    assert stack.telegram.wait_for_answers(chat_id, 2)[1] == shown(AccessPhrase.TOLD_APPROVED)


def test_without_personalisation_nothing_is_read_or_stored_of_anybody(
    plain_stack: Stack, chat_id: int
) -> None:
    telegram, database = plain_stack.telegram, plain_stack.database()
    admit(plain_stack, chat_id)
    owner = {"user_id": str(chat_id)}
    profile = {**owner, "memory_summary": f"подброшено-{chat_id}", "language": "en", "has_files": True}
    event = {**owner, "role": "user", "content": f"подброшено-{chat_id}", "created_at": datetime.now(UTC)}
    database.user_profiles.insert_one(profile)
    database.user_memory.insert_one(event)
    before = read_everything(plain_stack)

    for number, text in enumerate(["Первое", "Второе", "/clear", "/help", "Третье"], start=3):
        telegram.write(chat_id, text)
        telegram.wait_for_answers(chat_id, number)
    telegram.upload(chat_id, kind="voice", content="Четвёртое".encode())
    telegram.wait_for_answers(chat_id, number + 2)
    telegram.upload(chat_id, kind="document", name="пятое.txt", content="Пятое".encode(), caption="Что это?")
    telegram.wait_for_answers(chat_id, number + 3)
    plain_stack.wait_until_settled()

    assert plain_stack.model
    prompts = [
        r["messages"] for r in plain_stack.model.requests() if r["messages"][-1]["content"] == "Третье"
    ]
    assert read_everything(plain_stack) == before
    assert database.files.count_documents(owner) == 0
    assert len(prompts) == 1
    assert [message["role"] for message in prompts[0]] == ["system", "user"]
    assert f"подброшено-{chat_id}" not in str(prompts)
    reads = [
        line for line in plain_stack.read_metrics("worker").splitlines() if line.startswith("user_profile_")
    ]
    assert {line.split()[1] for line in reads if "_total" in line} == {"0.0"}
