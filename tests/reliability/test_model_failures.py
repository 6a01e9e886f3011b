"""The language model fails in every way it can: an apology, a count, no half pair, and the next message works."""

from __future__ import annotations

import re
from typing import Any

import pytest

from botgateway.wording.general import GeneralPhrase
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.stack import Stack, start_model
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown
from tests.reliability.facts import pairs, read_memory

APOLOGY = shown(GeneralPhrase.REPLY_FAILED)
REFUSAL = shown(GeneralPhrase.REPLY_REFUSED)

FAILURES: dict[str, dict[str, Any]] = {
    "server_error": {"kind": "status", "status": 500},
    "rate_limited": {"kind": "status", "status": 429, "retry_after": 1},
    "bad_key": {"kind": "status", "status": 401},
    "timeout": {"kind": "timeout"},
    "stall": {"kind": "stall", "text": "слово " * 20},
    "empty": {"kind": "empty"},
    "blank": {"kind": "answer", "text": " \n\t "},
    "invisible": {"kind": "answer", "text": "\u200b\u200d\ufeff"},
    "malformed_json": {"kind": "malformed_json"},
    "cut_stream": {"kind": "cut_stream", "text": "слово " * 20},
    "cut_after_a_draft": {"kind": "cut_stream", "text": "слово " * 50, "chunk_s": 0.1},
    "error_event": {"kind": "error_event", "text": "слово " * 20},
    "refusal": {"kind": "refusal"},
    "page_of_html": {"kind": "html"},
}


def count_requests(stack: Stack, status: str) -> float:
    name = re.escape(f'personalized_requests_total{{source="text",status="{status}"}}')
    found = re.search(rf"^{name} (\S+)$", stack.read_metrics("worker"), flags=re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_of_the_model_becomes_an_apology_and_leaves_no_trace_in_the_memory(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int, failure: str
) -> None:
    failed = count_requests(stack, "error")
    model.script({**FAILURES[failure], "match": f"неудача {chat_id}"})

    telegram.write(chat_id, f"неудача {chat_id}")
    telegram.write(chat_id, "Следующее")
    telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()

    answer = default_answer("Следующее", words=0)
    assert telegram.answers(chat_id) == [REFUSAL if failure == "refusal" else APOLOGY, answer]
    assert read_memory(stack, chat_id) == pairs(("Следующее", answer))
    assert count_requests(stack, "error") == failed + 1


def test_while_the_model_is_down_people_get_an_apology_and_afterwards_answers(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, "До")
    telegram.wait_for_answers(chat_id, 1)
    port = int(model.root.rpartition(":")[2])

    model.stop()
    try:
        telegram.write(chat_id, "Во время")
        telegram.wait_for_answers(chat_id, 2)
    finally:
        stack.model = start_model(port)
    telegram.write(chat_id, "После")
    telegram.wait_for_answers(chat_id, 3)
    stack.wait_until_settled()

    before, after = default_answer("До", words=0), default_answer("После", words=0)
    assert telegram.answers(chat_id) == [before, APOLOGY, after]
    assert read_memory(stack, chat_id) == pairs(("До", before), ("После", after))
