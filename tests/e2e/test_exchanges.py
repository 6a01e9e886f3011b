"""What a question cost is on record, under the question's trace id, and not a word of what was said."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.harness.exchanges import wait_for_exchange
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer, usage_of
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient


def find_exchange(stack: Stack, update: dict[str, Any]) -> dict[str, Any]:
    """Wait until the one exchange of an update is on record; return it."""
    return wait_for_exchange(stack, find_trace_id(stack, update))


def find_trace_id(stack: Stack, update: dict[str, Any]) -> str:
    stored = stack.database().inbox_updates.find_one({"update_id": update["update_id"]})
    assert stored is not None
    return str(stored["trace_id"])


def test_every_call_is_on_record_with_its_cost_and_without_a_word_of_it(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    said, refused = f"сколько{chat_id}стоит", f"отказ{chat_id}модели"
    answered = default_answer(said, words=0)
    model.script({"kind": "status", "status": 400, "match": refused})

    first = telegram.write(chat_id, said)
    assert telegram.wait_for_whole_answers(chat_id, 1) == [answered]
    second = telegram.write(chat_id, refused)
    telegram.wait_for_answers(chat_id, 2)

    kept, failed = (find_exchange(stack, update) for update in (first, second))
    (request,) = [one for one in model.requests() if one["messages"][-1]["content"] == said]
    usage = usage_of(request["messages"], answered)
    assert (kept["prompt_tokens"], kept["completion_tokens"], kept["is_estimated"]) == (
        usage["prompt_tokens"],
        usage["completion_tokens"],
        False,
    )
    assert (kept["provider"], kept["purpose"], kept["outcome"]) == ("openai_compatible", "reply", "ok")
    # One that is late on its way to the database names nobody: the person may have been forgotten meanwhile.
    assert {kept["user_id"], failed["user_id"]} - {""} == {str(chat_id)}
    assert 0 < kept["first_token_s"] <= kept["duration_s"] < 30
    assert (failed["outcome"], failed["completion_tokens"], failed["first_token_s"]) == ("rejected", 0, None)
    assert kept["trace_id"] in stack.worker.output
    assert abs((datetime.now(UTC) - kept["created_at"].replace(tzinfo=UTC)).total_seconds()) < 60
    words = json.dumps([kept, failed], default=str, ensure_ascii=False)
    assert [word for word in (said, refused, answered) if word in words] == []


def test_what_waits_to_be_written_is_written_when_the_worker_is_asked_to_stop(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    update = telegram.write(chat_id, f"напоследок {chat_id}")
    telegram.wait_for_whole_answers(chat_id, 1)

    stack.worker.stop()
    kept = stack.database().llm_exchanges.count_documents({"trace_id": find_trace_id(stack, update)})
    stack.worker.start()
    stack.worker.wait_for_output("ready")

    assert kept == 1
