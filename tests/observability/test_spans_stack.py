"""The spans of the running product: whole, under the message's trace id, and without a word of anybody's."""

from __future__ import annotations

from typing import Any

from observability.models import TracePart
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import wait_until
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient

TOLERANCE_US = 50_000  # the root begins when the update is stored, a moment after its receipt
SPANS = TracePart._meta.db_table

Span = dict[str, Any]


def read_trace(stack: Stack, trace_id: str, *, holds: str) -> dict[str, Span]:
    """Wait until a trace is complete, and has a step of this name; return its steps by their names."""
    found: list[Span] = []

    def is_complete() -> bool:
        parts = list(stack.database()[SPANS].find({"trace_id": trace_id}))
        found[:] = [span | {"process": part["process"]} for part in parts for span in part["spans"]]
        names = {span["name"] for span in found}
        return {"update", "accept update", holds} <= names

    wait_until(is_complete, what=f"the whole trace with {holds}")
    return {span["name"]: span for span in found}


def find_trace_id(stack: Stack, **match: Any) -> str:
    stored = stack.database().inbox_updates.find_one(match)
    assert stored is not None
    return str(stored["trace_id"])


def end(span: Span) -> float:
    return float(span["started_us"] + span["duration_ms"] * 1_000)


def test_a_question_leaves_its_steps_under_one_root(
    telegram: SandboxClient, stack: Stack, model: LLMStandIn, chat_id: int
) -> None:
    update = telegram.write(chat_id, f"измерь {chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()
    trace_id = find_trace_id(stack, update_id=update["update_id"])

    spans = read_trace(stack, trace_id, holds="answer update")

    names = {span["span_id"]: name for name, span in spans.items()}
    assert {name: names.get(span["parent_id"], "") for name, span in spans.items()} == {
        "update": "",
        "accept update": "update",
        "wait for its turn": "update",
        "answer update": "update",
        "read context": "answer update",
        "assemble prompt": "answer update",
        "ask model": "answer update",
        "store pair": "answer update",
        "send message": "answer update",
    }
    for span in spans.values():
        parent = spans[names[span["parent_id"]]] if span["parent_id"] else span
        assert span["started_us"] >= parent["started_us"] - TOLERANCE_US
        assert end(span) <= end(parent) + TOLERANCE_US
    steps = ("read context", "assemble prompt", "ask model", "store pair", "send message")
    assert sorted(steps, key=lambda name: spans[name]["started_us"]) == list(steps)
    assert {span["process"] for span in spans.values()} == {"web", "worker"}
    asked, answered = spans["ask model"]["attributes"], spans["answer update"]["attributes"]
    assert asked.items() >= {"provider": "openai_compatible", "outcome": "ok", "purpose": "reply"}.items()
    assert answered.items() >= {"handler": "handle_text", "attempt": "first", "drafts": 0}.items()
    (request,) = [
        one for one in model.requests() if str(one["messages"][-1]["content"]).endswith(f"{chat_id}")
    ]
    assert request["headers"]["traceparent"] == f"00-{trace_id}-{spans['answer update']['span_id']}-01"
    assert not any(span["is_error"] for span in spans.values())


def test_files_voices_and_failures_have_their_steps_and_no_span_holds_a_word(
    telegram: SandboxClient, stack: Stack, model: LLMStandIn, chat_id: int
) -> None:
    said, named = f"тайна{chat_id}сказанная", f"secret{chat_id}name"
    person = {"first_name": named, "username": named}
    model.script({"kind": "status", "status": 500, "match": f"{said} беда", "message": said})

    telegram.upload(
        chat_id, kind="document", content=f"{said} в файле".encode(), name=f"{named}.txt", caption=said
    )
    telegram.wait_for_answers(chat_id, 1)
    telegram.upload(chat_id, kind="voice", content=f"{said} голосом".encode())
    telegram.wait_for_answers(chat_id, 3)
    telegram.write(chat_id, f"{said} беда", from_=person)
    telegram.wait_for_answers(chat_id, 4)
    telegram.write(chat_id, "/export")
    stack.wait_until_settled()

    def trace_ids() -> list[str]:
        stored = stack.database().inbox_updates.find({"chat_id": str(chat_id)}).sort("received_at")
        return [update["trace_id"] for update in stored]

    with_file, with_voice, failing, *_ = trace_ids()
    read = read_trace(stack, with_file, holds="read file")
    assert read["prepare"]["attributes"]["queue"] == "files"
    assert (read["read file"]["parent_id"], read["download file"]["parent_id"]) == (
        read["prepare"]["span_id"],
        read["prepare"]["span_id"],
    )
    assert (
        read_trace(stack, with_voice, holds="recognise speech")["prepare"]["attributes"]["queue"] == "speech"
    )
    failed = read_trace(stack, failing, holds="ask model")["ask model"]
    assert (failed["is_error"], failed["attributes"]["outcome"]) == (True, "unavailable")
    kept = str(list(stack.database()[SPANS].find()))
    secrets = (said, named, TOKEN, stack.webhook_secret, f"'{chat_id}'")
    assert [secret for secret in secrets if secret in kept] == []
