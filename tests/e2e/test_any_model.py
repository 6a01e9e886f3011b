"""Every provider as a person meets it: chosen in /model, answering, failing, stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from botgateway.wording.general import GeneralPhrase
from llm.catalogue import build_key
from tests.harness.guarded_stack import press
from tests.harness.llm_wire import answer_marker
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.vendors_stack import BREAKER_FAILURES, KEYS, VendorsStack, vendors_stack
from tests.harness.wording import shown

RESERVE = "standin-72b"
LONG_RETRY_S = 200


@pytest.fixture
def house(request: pytest.FixtureRequest) -> Iterator[VendorsStack]:
    found = vendors_stack(request.config)
    yield found
    found.forget_orders()


@pytest.fixture
def stack(house: VendorsStack) -> Stack:
    return house.stack


@pytest.fixture
def telegram(house: VendorsStack) -> SandboxClient:
    return house.stack.telegram


def choose(telegram: SandboxClient, chat_id: int, choice: str) -> str:
    """Choose a model by its button; return the toast."""
    telegram.ask(chat_id, "/model")
    message = [message for message in telegram.messages(chat_id) if message["from_bot"]][-1]
    return press(telegram, chat_id, message["message_id"], f"model:take:{build_key(choice)}:0")


def exchanges(stack: Stack, user_id: int, count: int) -> list[dict[str, Any]]:
    """Wait for so many exchanges of somebody; return all, oldest first."""
    collection = stack.database().llm_exchanges

    def find() -> list[dict[str, Any]]:
        return list(collection.find({"user_id": str(user_id)}).sort("created_at", 1))

    wait_until(lambda: len(find()) >= count, what=f"{count} exchanges of {user_id}")
    return find()


def outcomes(stack: Stack, user_id: int, count: int) -> list[tuple[str, str]]:
    return [(found["provider"], found["outcome"]) for found in exchanges(stack, user_id, count)]


def remark(model: str) -> str:
    return shown(GeneralPhrase.ANSWERED_BY_ANOTHER, model=model)


@pytest.mark.parametrize(
    "provider", ["openai_compatible", "reserve", "mistral", "deepseek", "gemini", "offline"]
)
def test_each_provider_is_chosen_by_button_and_answers(
    house: VendorsStack, chat_id: int, provider: str
) -> None:
    telegram, question = house.stack.telegram, f"Добрый день, {provider}"
    collection = house.stack.database().llm_models
    telegram.ask(chat_id, "/model")
    wait_until(lambda: collection.find_one({"provider": provider}), what=f"models of {provider}")
    model = collection.find_one({"provider": provider})["model_id"]

    toast = choose(telegram, chat_id, f"{provider}:{model}")
    answer = telegram.ask(chat_id, question)

    assert model in toast
    [exchange] = exchanges(house.stack, chat_id, 1)
    assert (exchange["provider"], exchange["model"], exchange["outcome"]) == (provider, model, "ok")
    assert exchange["prompt_tokens"] > 0
    assert exchange["completion_tokens"] > 0
    assert exchange["is_estimated"] is (provider == "offline")
    assert exchange["first_token_s"] <= exchange["duration_s"]
    if provider != "offline":
        assert answer_marker(question) in answer
        wait_until(lambda: house.models[provider].stats().get("answered"), what="the end of the stream")
        assert house.models[provider].stats()["answered"] == 1


def test_another_model_answers_for_one_that_fails_and_the_person_is_told(
    house: VendorsStack, chat_id: int
) -> None:
    question = "Кто сегодня дежурит?"
    house.models["openai_compatible"].script({"kind": "status", "status": 503, "match": question, "times": 0})

    answer = house.stack.telegram.ask(chat_id, question)

    assert answer_marker(question) in answer
    assert answer.endswith(remark(RESERVE))
    assert outcomes(house.stack, chat_id, 3) == [
        ("openai_compatible", "unavailable"),
        ("openai_compatible", "unavailable"),
        ("reserve", "ok"),
    ]
    stored = house.stack.database().user_memory.find({"user_id": str(chat_id), "role": "assistant"})
    assert [remark(RESERVE) in event["content"] for event in stored] == [False]


def test_an_answer_that_its_length_cuts_says_so_and_is_remembered_without_the_remark(
    house: VendorsStack, chat_id: int
) -> None:
    question = "Расскажите всё о серебре"
    house.models["openai_compatible"].script({"kind": "answer", "finish": "length", "match": question})

    answer = house.stack.telegram.ask(chat_id, question)

    assert answer_marker(question) in answer
    assert answer.endswith(shown(GeneralPhrase.ANSWER_CUT_GO_ON))
    assert outcomes(house.stack, chat_id, 1) == [("openai_compatible", "ok")]
    [stored] = house.stack.database().user_memory.find({"user_id": str(chat_id), "role": "assistant"})
    assert shown(GeneralPhrase.ANSWER_CUT_GO_ON) not in stored["content"]


def test_what_passes_is_tried_again_and_not_spoken_of(house: VendorsStack, chat_id: int) -> None:
    question = "Получится ли со второго раза?"
    house.models["openai_compatible"].script({"kind": "cut_stream", "text": " ", "match": question})

    answer = house.stack.telegram.ask(chat_id, question)

    assert answer_marker(question) in answer
    assert remark(RESERVE) not in answer
    assert outcomes(house.stack, chat_id, 2) == [
        ("openai_compatible", "bad_answer"),
        ("openai_compatible", "ok"),
    ]


def test_what_breaks_off_in_the_middle_is_not_begun_anew(house: VendorsStack, chat_id: int) -> None:
    question = "Расскажите длинную историю"
    house.models["openai_compatible"].script({"kind": "cut_stream", "match": question, "chunk_s": 0.05})

    answer = house.stack.telegram.ask(chat_id, question)

    assert answer == shown(GeneralPhrase.REPLY_FAILED)
    assert outcomes(house.stack, chat_id, 1) == [("openai_compatible", "bad_answer")]
    assert house.stack.database().user_memory.count_documents({"user_id": str(chat_id)}) == 0


def test_a_prompt_that_is_too_long_is_shortened_once(house: VendorsStack, chat_id: int) -> None:
    main = house.models["openai_compatible"]
    for number in range(6):
        house.stack.telegram.ask(chat_id, f"{number}: " + "дворецкий подаёт чай в библиотеку " * 25)
    main.script({"kind": "status", "status": 400, "code": "context_length_exceeded", "match": "Итак"})

    answer = house.stack.telegram.ask(chat_id, "Итак, о чём мы говорили?")

    assert answer_marker("Итак, о чём мы говорили?") in answer
    whole, shortened = main.requests()[-2:]
    assert len(str(shortened["messages"])) < len(str(whole["messages"]))
    assert outcomes(house.stack, chat_id, 8)[-2:] == [
        ("openai_compatible", "context_too_long"),
        ("openai_compatible", "ok"),
    ]


def test_a_refusal_is_told_as_one_and_not_taken_to_another_vendor(house: VendorsStack, chat_id: int) -> None:
    question = "Что-нибудь недозволенное"
    house.models["openai_compatible"].script({"kind": "refusal", "match": question})

    answer = house.stack.telegram.ask(chat_id, question)

    assert answer == shown(GeneralPhrase.REPLY_REFUSED)
    assert outcomes(house.stack, chat_id, 1) == [("openai_compatible", "refused")]


def test_a_vendor_that_asks_to_wait_is_left_alone(house: VendorsStack, chat_id: int) -> None:
    shaky = house.models["shaky"]
    choose(house.stack.telegram, chat_id, "shaky:standin-7b")
    shaky.script({"kind": "status", "status": 429, "retry_after": LONG_RETRY_S, "match": "первый"})

    answers = [house.stack.telegram.ask(chat_id, f"{word} вопрос") for word in ("первый", "второй")]

    assert [remark(RESERVE) in answer for answer in answers] == [True, True]
    assert outcomes(house.stack, chat_id, 3) == [
        ("shaky", "rate_limited"),
        ("reserve", "ok"),
        ("reserve", "ok"),
    ]
    assert 'llm_breaker_open{provider="shaky"} 1.0' in house.stack.read_metrics("worker")


def test_after_failures_in_a_row_a_provider_is_left_alone(house: VendorsStack) -> None:
    """The last word of this stack about its reserve; nothing else here chooses Mistral by failing it."""
    mistral, telegram = house.models["mistral"], house.stack.telegram
    mistral.script({"kind": "status", "status": 401, "match": "Отказ", "times": 0})
    chat_id = new_chat_id()
    choose(telegram, chat_id, "mistral:mistral-small-latest")

    for number in range(BREAKER_FAILURES + 2):
        assert remark(RESERVE) in telegram.ask(chat_id, f"Отказ {number}")

    found = outcomes(house.stack, chat_id, 2 * BREAKER_FAILURES + 2)
    assert found.count(("mistral", "authentication_rejected")) == BREAKER_FAILURES
    assert found.count(("reserve", "ok")) == BREAKER_FAILURES + 2


def test_no_key_is_in_any_log_metric_or_document(house: VendorsStack, chat_id: int) -> None:
    refused = {"openai_compatible": "standin-7b", "deepseek": "deepseek-flash", "gemini": "gemini-3.8-flash"}
    for provider, model in refused.items():
        choose(house.stack.telegram, chat_id, f"{provider}:{model}")
        house.models[provider].script({"kind": "status", "status": 400, "match": "Ключ"})
        assert remark(RESERVE) in house.stack.telegram.ask(chat_id, f"Ключ {provider}")

    seen = house.stack.read_logs() + house.stack.read_metrics("worker") + house.stack.read_metrics("web")
    for collection in house.stack.database().list_collection_names():
        seen += str(list(house.stack.database()[collection].find()))

    assert [name for name, key in KEYS.items() if key in seen] == []
