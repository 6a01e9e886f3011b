"""The spans of the running product: whole, under the message's trace id, and without a word of anybody's."""

from __future__ import annotations

from typing import Any

from observability.models import TracePart
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import wait_until
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient

RESOLUTION_US = 1_000  # of the database's times, with one of which the root begins
SPANS = TracePart._meta.db_table

Span = dict[str, Any]


def read_trace(stack: Stack, trace_id: str, *holds: str) -> dict[str, Span]:
    """Wait until a trace has its root and the steps of these names; return its steps by their names.

    A step is written after those within it, and may be written after the root.
    """
    found: list[Span] = []

    def is_complete() -> bool:
        parts = list(stack.database()[SPANS].find({"trace_id": trace_id}))
        found[:] = [span | {"process": part["process"]} for part in parts for span in part["spans"]]
        names = {span["name"] for span in found}
        return {"update", "accept update", *holds} <= names

    wait_until(is_complete, what=f"the whole trace with {holds}")
    return {span["name"]: span for span in found}


def find_trace_id(stack: Stack, **match: Any) -> str:
    stored = stack.database().inbox_updates.find_one(match)
    assert stored is not None
    return str(stored["trace_id"])


def end(span: Span) -> int:
    return round(span["started_us"] + span["duration_ms"] * 1_000)


def test_a_question_leaves_its_steps_under_one_root(
    telegram: SandboxClient, stack: Stack, model: LLMStandIn, chat_id: int
) -> None:
    update = telegram.write(chat_id, f"измерь {chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()
    trace_id = find_trace_id(stack, update_id=update["update_id"])

    spans = read_trace(stack, trace_id, "answer update")

    root, accept, answer = (spans[name] for name in ("update", "accept update", "answer update"))
    steps = ["read context", "assemble prompt", "ask model", "store pair"]
    if not answer["attributes"]["drafts"]:
        steps.append("send message")
    elif "edit message" in spans:  # on a machine so slow that the answer was shown as it grew
        steps.append("edit message")
    names = {span["span_id"]: name for name, span in spans.items()}
    assert {name: names.get(span["parent_id"], "") for name, span in spans.items()} == {
        "update": "",
        "accept update": "update",
        "wait for its turn": "update",
        "answer update": "update",
        **dict.fromkeys(steps, "answer update"),
    }
    # The root begins when the update is stored, and ends when it is marked as answered.
    assert accept["started_us"] - RESOLUTION_US <= root["started_us"] <= end(accept)
    assert spans["wait for its turn"]["started_us"] == root["started_us"]
    assert end(spans["wait for its turn"]) <= end(root) <= end(answer)
    for name in steps:
        assert answer["started_us"] <= spans[name]["started_us"] <= end(spans[name]) <= end(root)
    assert sorted(steps, key=lambda name: spans[name]["started_us"]) == steps
    assert {span["process"] for span in spans.values()} == {"web", "worker"}
    asked, answered = spans["ask model"]["attributes"], answer["attributes"]
    assert asked.items() >= {"provider": "openai_compatible", "outcome": "ok", "purpose": "reply"}.items()
    assert answered.items() >= {"handler": "handle_text", "attempt": "first"}.items()
    (request,) = [
        one for one in model.requests() if str(one["messages"][-1]["content"]).endswith(f"{chat_id}")
    ]
    assert request["headers"]["traceparent"] == f"00-{trace_id}-{answer['span_id']}-01"
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
    telegram.wait_for_whole_answers(chat_id, 1)
    telegram.upload(chat_id, kind="voice", content=f"{said} голосом".encode())
    telegram.wait_for_whole_answers(chat_id, 3)
    telegram.write(chat_id, f"{said} беда", from_=person)
    telegram.wait_for_whole_answers(chat_id, 4)
    telegram.write(chat_id, "/export")
    stack.wait_until_settled()

    def trace_ids() -> list[str]:
        stored = stack.database().inbox_updates.find({"chat_id": str(chat_id)}).sort("received_at")
        return [update["trace_id"] for update in stored]

    with_file, with_voice, failing, *_ = trace_ids()
    read = read_trace(stack, with_file, "read file", "prepare")
    assert read["prepare"]["attributes"]["queue"] == "files"
    assert (read["read file"]["parent_id"], read["download file"]["parent_id"]) == (
        read["prepare"]["span_id"],
        read["prepare"]["span_id"],
    )
    heard = read_trace(stack, with_voice, "recognise speech", "prepare")
    assert heard["prepare"]["attributes"]["queue"] == "speech"
    failed = read_trace(stack, failing, "ask model")["ask model"]
    assert (failed["is_error"], failed["attributes"]["outcome"]) == (True, "unavailable")
    kept = str(list(stack.database()[SPANS].find()))
    secrets = (said, named, TOKEN, stack.webhook_secret, f"'{chat_id}'")
    assert [secret for secret in secrets if secret in kept] == []
