"""Commands, and messages that hold something else than text."""

from __future__ import annotations

from typing import Any

import pytest

from botgateway.wording.general import GeneralPhrase
from botgateway.wording.menu import command_menu
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown


def count_questions(model: LLMStandIn) -> int:
    return len(model.requests())


def first_line(phrase: GeneralPhrase) -> str:
    return shown(phrase).splitlines()[0]


@pytest.mark.parametrize("command", ["/ping", "/ping@butlerbot", "/PING", "/ping now"])
def test_ping_answers_that_the_bot_is_ready(telegram: SandboxClient, chat_id: int, command: str) -> None:
    telegram.write(chat_id, command)

    assert telegram.wait_for_whole_answers(chat_id, 1) == ["Bot ready"]


@pytest.mark.parametrize(
    ("command", "phrase"),
    [
        ("/start", GeneralPhrase.WELCOME),
        ("/help", GeneralPhrase.HELP),
        ("/fetch_slippers", GeneralPhrase.UNKNOWN_COMMAND),
    ],
)
def test_a_command_is_answered_by_butler_himself_and_not_by_the_model(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int, command: str, phrase: GeneralPhrase
) -> None:
    asked = count_questions(model)

    telegram.write(chat_id, command)

    (answer,) = telegram.wait_for_whole_answers(chat_id, 1)
    assert answer.startswith(first_line(phrase))
    assert count_questions(model) == asked


def test_help_names_every_command_of_the_menu(telegram: SandboxClient, chat_id: int) -> None:
    telegram.write(chat_id, "/help")

    (answer,) = telegram.wait_for_whole_answers(chat_id, 1)
    menu = telegram.get(f"chats/{chat_id}/commands", lang="ru")["commands"]
    named = {entry["command"] for entry in menu}
    assert named
    assert {name for name in named if f"/{name}" not in answer} <= {"start"}


def test_the_menu_is_registered_in_russian_and_english(telegram: SandboxClient, chat_id: int) -> None:
    telegram.write(chat_id, "/start")
    telegram.wait_for_whole_answers(chat_id, 1)

    russian, english = (
        {entry["command"]: entry["description"] for entry in telegram.get(path, lang=language)["commands"]}
        for path, language in ((f"chats/{chat_id}/commands", "ru"), (f"chats/{chat_id}/commands", "en"))
    )

    assert set(russian) == set(english) == {command for command, _ in command_menu("ru")}
    assert all(russian[name] != english[name] for name in russian)


def test_clear_empties_the_context_but_keeps_profile_and_summary(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, f"секрет-{chat_id} остаётся между нами")
    telegram.wait_for_whole_answers(chat_id, 1)
    profiles, memory = stack.database().user_profiles, stack.database().user_memory
    owner = {"user_id": str(chat_id)}
    profiles.update_one(
        owner, {"$set": {"memory_summary": "Любит чай с бергамотом.", "preferred_topics": ["чай"]}}
    )

    telegram.write(chat_id, "/clear")

    assert telegram.wait_for_whole_answers(chat_id, 2)[1] == shown(GeneralPhrase.CLEARED)
    assert memory.count_documents(owner) == 0
    profile = profiles.find_one(owner)
    assert profile is not None
    assert (profile["memory_summary"], profile["preferred_topics"]) == ("Любит чай с бергамотом.", ["чай"])
    telegram.write(chat_id, f"что я говорил, {chat_id}?")
    telegram.wait_for_whole_answers(chat_id, 3)
    prompt = str(model.requests()[-1]["messages"])
    assert "Любит чай с бергамотом." in prompt
    assert f"секрет-{chat_id}" not in prompt


@pytest.mark.parametrize(
    "content",
    [
        {"text": None, "sticker": {"file_id": "s", "width": 512, "height": 512}},
        {"text": None, "location": {"latitude": 55.75, "longitude": 37.61}},
        {"text": None, "video": {"file_id": "v", "width": 640, "height": 480, "duration": 3}},
    ],
    ids=["sticker", "place", "video"],
)
def test_what_cannot_be_read_gets_a_polite_answer_and_does_not_reach_the_model(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int, content: dict[str, Any]
) -> None:
    asked = count_questions(model)

    telegram.write(chat_id, "", message=content)

    assert telegram.wait_for_whole_answers(chat_id, 1) == [shown(GeneralPhrase.CANNOT_READ_THIS)]
    assert count_questions(model) == asked
