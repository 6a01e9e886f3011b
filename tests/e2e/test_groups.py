from __future__ import annotations

import pytest

from botgateway.wording.general import GeneralPhrase
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

BOT = "butler_sandbox_bot"


@pytest.fixture
def group_id(telegram: SandboxClient, chat_id: int) -> int:
    """A group with the bot in it; `chat_id` is the person who brought it."""
    group = -100_000_000 - chat_id
    telegram.add_to_group(group, title="Гостиная", from_={"id": chat_id, "first_name": "Анна"})
    return group


def person(user_id: int) -> dict[str, object]:
    return {"id": user_id, "first_name": "Анна", "is_bot": False}


def test_in_a_group_butler_answers_when_mentioned_and_remembers_nothing(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int, group_id: int
) -> None:
    telegram.write(chat_id, f"Мой секрет {chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    telegram.write(group_id, "Погода сегодня дивная", from_=person(chat_id))

    telegram.write(group_id, f"@{BOT} который час, {chat_id}?", from_=person(chat_id))

    (answer,) = telegram.wait_for_whole_answers(group_id, 1)
    question = f"который час, {chat_id}?"
    assert answer == default_answer(question, words=0)
    (prompt,) = [str(one["messages"]) for one in model.requests() if question in str(one["messages"][-1])]
    assert f"секрет {chat_id}" not in prompt
    assert "Погода" not in prompt
    memory = stack.database().user_memory
    assert memory.count_documents({"user_id": str(chat_id)}) == 2  # the private pair alone
    stored = stack.database().inbox_updates.find({"user_id": str(chat_id)})
    assert not any("Погода" in update["payload"] for update in stored)


def test_a_reply_to_butlers_message_in_a_group_is_for_butler(
    telegram: SandboxClient, stack: Stack, chat_id: int, group_id: int
) -> None:
    telegram.write(group_id, f"/help@{BOT}", from_=person(chat_id))
    assert telegram.wait_for_answers(group_id, 1) == [shown(GeneralPhrase.HELP_IN_GROUP)]
    answer = telegram.messages(group_id)[-1]

    telegram.write(group_id, "А подробнее?", from_=person(chat_id), reply_to_message_id=answer["message_id"])

    telegram.wait_for_answers(group_id, 2)
    assert len(telegram.answers(group_id)) == 2


def test_private_matters_are_not_for_a_group(telegram: SandboxClient, chat_id: int, group_id: int) -> None:
    for command in ("memory", "export", "forget_me", "clear"):
        telegram.write(group_id, f"/{command}@{BOT}", from_=person(chat_id))

    assert telegram.wait_for_answers(group_id, 4) == [shown(GeneralPhrase.PRIVATE_ONLY)] * 4


def test_an_album_for_somebody_else_is_no_concern_of_butlers(
    telegram: SandboxClient, stack: Stack, chat_id: int, group_id: int
) -> None:
    for caption in ("@somebody_else взгляните", "@somebody_else и сюда"):
        telegram.upload(
            group_id,
            kind="document",
            content=b"...",
            caption=caption,
            media_group_id="g",
            from_=person(chat_id),
        )

    stack.wait_until_settled()

    updates = list(stack.database().inbox_updates.find({"chat_id": str(group_id)}))
    assert [(update["status"], update["payload"]) for update in updates] == [("ignored", "")] * 2
    assert telegram.answers(group_id) == []
