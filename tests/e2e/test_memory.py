"""Memory over the whole path: stored in pairs, compressed by itself, never mixed up between people."""

from __future__ import annotations

import uuid
from typing import Any

from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient

MEMORY_CAP, KEEP_LAST = 50, 20
SUMMARY = "Собеседник пересчитывает вещи по одной и ведёт им учёт; просит запоминать их номера по порядку."


def requests_with(model: LLMStandIn, words: str) -> list[dict[str, Any]]:
    return [request for request in model.requests() if words in str(request["messages"][-1]["content"])]


def test_the_pair_is_stored_with_its_roles_in_order(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, "Я учу Python")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    events = list(
        stack.database().user_memory.find({"user_id": str(chat_id)}).sort([("created_at", 1), ("_id", 1)])
    )
    assert [(event["role"], event["content"]) for event in events] == [
        ("user", "Я учу Python"),
        ("assistant", default_answer("Я учу Python", words=0)),
    ]
    assert {event["source"] for event in events} == {"text"}
    assert [event["tags"] for event in events] == [[], []]
    assert len({uuid.UUID(str(event["event_id"])) for event in events}) == 2
    assert events[0]["created_at"] < events[1]["created_at"]


def test_recent_memory_is_in_the_next_prompt_oldest_first(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    said = [f"первое {chat_id}", f"второе {chat_id}", f"третье {chat_id}"]
    for number, text in enumerate(said, start=1):
        telegram.write(chat_id, text)
        telegram.wait_for_answers(chat_id, number)

    (request,) = requests_with(model, said[-1])
    turns = [(message["role"], message["content"]) for message in request["messages"][1:]]
    assert turns == [
        ("user", said[0]),
        ("assistant", default_answer(said[0], words=0)),
        ("user", said[1]),
        ("assistant", default_answer(said[1], words=0)),
        ("user", said[2]),
    ]


def test_memory_past_its_cap_is_compressed_by_itself_and_the_summary_takes_its_place(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    # What is said stands in quotes in the transcript only.
    model.script({"kind": "answer", "match": f'"вещь-{chat_id}-00"', "text": SUMMARY})
    owner = {"user_id": str(chat_id)}
    pairs = MEMORY_CAP // 2 + 1

    for number in range(pairs):
        telegram.write(chat_id, f"вещь-{chat_id}-{number:02}")
        telegram.wait_for_answers(chat_id, number + 1)

    events, profiles = stack.database().user_memory, stack.database().user_profiles
    wait_until(lambda: events.count_documents(owner) == KEEP_LAST, what="the compressed memory")
    profile = profiles.find_one(owner)
    assert profile is not None
    assert (profile["memory_summary"], profile["is_summary_extractive"]) == (SUMMARY, False)

    telegram.write(chat_id, f"сколько вещей, {chat_id}?")
    telegram.wait_for_answers(chat_id, pairs + 1)
    (request,) = requests_with(model, f"сколько вещей, {chat_id}?")
    prompt = str(request["messages"])
    kept = range(pairs - KEEP_LAST // 2, pairs)
    assert SUMMARY in request["messages"][0]["content"]
    assert [number for number in range(pairs) if f"вещь-{chat_id}-{number:02}" in prompt] == list(kept)


def test_no_prompt_of_one_person_holds_a_word_of_another(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack
) -> None:
    people = [new_chat_id() for _ in range(6)]
    canaries = {person: f"канарейка{uuid.uuid4().hex}" for person in people}
    for person in people:
        owner = {"user_id": str(person)}
        telegram.write(person, f"моё слово {canaries[person]}")
        telegram.wait_for_answers(person, 1)
        stack.database().user_profiles.update_one(
            owner, {"$set": {"memory_summary": f"Записано: {canaries[person]}"}}
        )

    for round_number in range(3):
        for person in people:
            telegram.write(person, f"вопрос {round_number} {canaries[person]}")
    stack.wait_until_settled()

    seen = {
        person: [
            str(request["messages"]) for request in model.requests() if canary in str(request["messages"])
        ]
        for person, canary in canaries.items()
    }
    assert {person: len(prompts) for person, prompts in seen.items()} == dict.fromkeys(people, 4)
    strangers = [
        (person, other)
        for person, prompts in seen.items()
        for other, canary in canaries.items()
        if other != person and canary in "".join([*prompts, *telegram.answers(person)])
    ]
    assert strangers == []
