"""One trace id from the webhook to the language model, and no word of a conversation in any log."""

from __future__ import annotations

import json
from typing import Any

from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import Child, wait_until
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient


def log_lines(child: Child) -> list[dict[str, Any]]:
    whole, _, _ = child.output.rpartition("\n")  # of the last line there may be a part
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{")]


def lines_of(child: Child, trace_id: str) -> list[dict[str, Any]]:
    return [line for line in log_lines(child) if line.get("trace_id") == trace_id]


def test_the_trace_id_follows_a_message_through_every_process(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    update = telegram.write(chat_id, f"след {chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    stored = stack.database().inbox_updates.find_one({"update_id": update["update_id"]})
    assert stored is not None
    trace_id = stored["trace_id"]
    (request,) = [one for one in model.requests() if one["messages"][-1]["content"] == f"след {chat_id}"]
    assert request["headers"]["traceparent"].split("-")[1] == trace_id
    for child in (stack.web, stack.worker):
        wait_until(lambda child=child: lines_of(child, trace_id), what=f"a line of {child.name}")
        assert {line["update_id"] for line in lines_of(child, trace_id)} == {update["update_id"]}


def test_a_failed_answer_is_logged_with_its_trace_id(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    model.script({"kind": "status", "status": 500, "match": f"неудача {chat_id}"})

    update = telegram.write(chat_id, f"неудача {chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    stored = stack.database().inbox_updates.find_one({"update_id": update["update_id"]})
    assert stored is not None
    events = {line["event"] for line in lines_of(stack.worker, stored["trace_id"])}
    assert "reply failed" in events


def test_no_log_holds_a_word_of_the_conversation_or_a_secret(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    said, answered = f"тайна{chat_id}сказанная", f"тайна{chat_id}отвеченная"
    model.script(
        {"kind": "answer", "match": said, "text": answered},
        {"kind": "cut_stream", "match": said, "text": f"{answered} {answered} {answered}"},
        {"kind": "status", "status": 400, "match": said, "message": answered},
    )
    telegram.order_fault(kind="error", method="sendMessage", chat_id=chat_id, status=400, skip=3)

    for number in range(4):
        telegram.write(chat_id, f"{said} {number}")
    telegram.write(chat_id, f"/{said}")
    stack.wait_until_settled()

    logs = stack.read_logs()
    secrets = [said, answered, stack.webhook_secret, TOKEN]
    assert [secret for secret in secrets if secret in logs] == []
