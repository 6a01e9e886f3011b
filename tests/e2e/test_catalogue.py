"""The catalogue in the running house: who asks the providers, who is told, and what people can choose meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.preferences import PreferencesPhrase
from llm.catalogue import build_key
from tests.harness.guarded_stack import ADMIN_GROUP, OWNER, PASSWORD, buttons, find_message, press
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

PROVIDER = "openai_compatible"
LONG_AGO = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def stack(guarded_stack: Stack) -> Iterator[Stack]:
    """The house of the other tests, which find the catalogue as it was."""
    database = guarded_stack.database()
    wait_until(lambda: database.llm_providers.count_documents({"refreshed_at": {"$ne": None}}) == 2)
    kept = {name: list(database[name].find()) for name in ("llm_models", "llm_providers")}
    yield guarded_stack
    guarded_stack.forget_orders()
    for name, documents in kept.items():
        database[name].delete_many({})
        database[name].insert_many(documents)


def offer(model: LLMStandIn, *names: str) -> None:
    """Let the endpoint list these models from now on."""
    model.forget_script()
    model.script({"kind": "listed", "at": "models", "times": 0, "models": list(names)})


def forget_last_refresh(stack: Stack) -> None:
    """Let the pause between two refreshes have passed."""
    stack.database().llm_providers.update_many({}, {"$set": {"asked_at": LONG_AGO}})


def refresh_by_command(stack: Stack, **settings: str) -> str:
    forget_last_refresh(stack)
    return stack.manage("refresh_models", **settings)


def log_in(stack: Stack) -> int:
    """Return the chat of somebody with the password."""
    chat_id = new_chat_id()
    stack.telegram.write(chat_id, "/start")
    stack.telegram.wait_for_whole_answers(chat_id, 1)
    stack.database().people.update_one({"user_id": str(chat_id)}, {"$set": {"access_state": "approved"}})
    assert stack.telegram.ask(chat_id, f"/admin login {PASSWORD}") == shown(Words.LOGGED_IN, minutes=30)
    return chat_id


def list_answers(telegram: SandboxClient, chat_id: int, words: str) -> list[str]:
    return [answer for answer in telegram.answers(chat_id) if words in answer]


def test_a_worker_asks_when_it_starts_and_the_admins_hear_how_many_there_are(
    stack: Stack, telegram: SandboxClient
) -> None:
    states = {state["provider"]: state for state in stack.database().llm_providers.find()}

    assert set(states) == {PROVIDER, "offline"}
    assert all(state["refreshed_at"] and not state["failure"] for state in states.values())
    notices = stack.database().notices.find({"key": {"$regex": "^models:"}, "chat_id": str(OWNER)})
    first = min(notices, key=lambda notice: notice["created_at"])
    assert "перечень получен впервые, моделей 2" in first["text"]
    assert "standin" not in first["text"]


def test_a_change_is_told_to_who_asks_and_in_every_admins_chat(
    stack: Stack, model: LLMStandIn, telegram: SandboxClient
) -> None:
    chat_id = log_in(stack)
    offer(model, "standin-7b", "standin-8b")
    forget_last_refresh(stack)

    told = telegram.ask(chat_id, "/admin refresh")
    again = telegram.ask(chat_id, "/admin refresh")

    assert told.startswith(shown(Words.REFRESHED, providers=2, answered=2, models=3))
    assert "появились (1): standin-8b" in told
    assert "исчезли (1): standin-72b" in told
    assert again == shown(Words.REFRESHED_LATELY, providers=2, answered=2, models=3)
    notices = [
        find_message(telegram, chat, "Перемены среди моделей", "появились (1): standin-8b")["text"]
        for chat in (OWNER, ADMIN_GROUP)
    ]
    assert notices[0] == notices[1]
    assert notices[0] in told
    listed = telegram.ask(chat_id, "/admin models")
    assert f"{PROVIDER}: 2; перечень получен" in listed
    assert "standin-8b" in listed
    assert "standin-72b" not in listed


def test_a_provider_in_trouble_keeps_its_models_and_everybody_who_looks_is_told_so(
    stack: Stack, model: LLMStandIn, telegram: SandboxClient
) -> None:
    chat_id = log_in(stack)
    model.script({"kind": "status", "at": "models", "times": 0, "status": 500})

    with pytest.raises(RuntimeError, match="No new list from openai_compatible"):
        refresh_by_command(stack)
    forget_last_refresh(stack)
    still = telegram.ask(chat_id, "/admin refresh")

    failing = "не отвечает: unavailable. Прежний перечень, моделей 2"
    find_message(telegram, OWNER, PROVIDER, failing)
    assert still.startswith(shown(Words.REFRESHED, providers=2, answered=1, models=3))
    assert "Перемен нет." in still
    assert "не обновлён, поставщик не отвечает: unavailable" in still
    stack.database().llm_providers.update_one({"provider": PROVIDER}, {"$set": {"refreshed_at": LONG_AGO}})
    wait_until(lambda: "2 января" in telegram.ask(chat_id, "/model"), what="the date of the list")
    message_id = telegram.messages(chat_id)[-1]["message_id"]
    assert shown(PreferencesPhrase.MODELS_AS_OF, provider=PROVIDER, date="2 января 2026 г.") in str(
        telegram.message(chat_id, message_id)["text"]
    )
    key = build_key(f"{PROVIDER}:standin-72b")
    assert "standin-72b" in press(telegram, chat_id, message_id, f"model:take:{key}:0")
    assert telegram.ask(chat_id, "Кто говорит?") == default_answer("Кто говорит?", words=0)
    assert model.requests()[-1]["body"]["model"] == "standin-72b"

    model.forget_script()
    assert f"{PROVIDER}: 2 models, 0 changes" in refresh_by_command(stack)
    find_message(telegram, OWNER, PROVIDER, "снова отвечает, моделей 2")
    assert len(list_answers(telegram, OWNER, failing)) == 1


def test_who_has_chosen_a_model_that_vanishes_is_told_and_answered_by_the_house(
    stack: Stack, model: LLMStandIn, telegram: SandboxClient
) -> None:
    chat_id, chosen = log_in(stack), f"model:take:{build_key(f'{PROVIDER}:standin-72b')}:0"

    def is_offered() -> bool:
        """The worker goes for some seconds by the list of the test before."""
        telegram.ask(chat_id, "/model")
        return chosen in buttons(telegram, chat_id, telegram.messages(chat_id)[-1]["message_id"]).values()

    wait_until(is_offered, what="the list as it was")
    press(telegram, chat_id, telegram.messages(chat_id)[-1]["message_id"], chosen)
    offer(model, "standin-7b")
    forget_last_refresh(stack)
    telegram.ask(chat_id, "/admin refresh")

    answer = telegram.ask(chat_id, "Вы здесь?")

    notice = shown(PreferencesPhrase.MODEL_VANISHED, model="standin-72b")
    assert answer == f"{notice}\n\n{default_answer('Вы здесь?', words=0)}"
    assert model.requests()[-1]["body"]["model"] == "standin-7b"


def test_a_model_that_a_setting_names_in_vain_is_reported(stack: Stack, telegram: SandboxClient) -> None:
    output = refresh_by_command(stack, LLM_FALLBACK=f"offline,{PROVIDER}:gone-9b")

    assert f"LLM_FALLBACK names {PROVIDER}:gone-9b" in output
    find_message(telegram, OWNER, f"LLM_FALLBACK: {PROVIDER}:gone-9b")
