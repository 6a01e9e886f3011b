"""Record the calls that Butler makes for one message, from the webhook's insert to the last command."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.load import converse
from tests.benchmarks.proxy import Sent
from tests.benchmarks.questions import Question
from tests.benchmarks.running import DRAIN_TIMEOUT_S
from tests.harness.stack import TOKEN

AFTERWARDS_S = 0.5  # what follows the answer: the update is marked, the lock goes
BACKGROUND = ("hello", "ping", "PING", "buildInfo", "endSessions", "CLIENT", "HELLO")
Step = tuple[float, str, Any]


def record_message(stack: BenchStack, question: Question) -> dict[str, Any]:
    """Let one person write and return what `tests.benchmarks.replay` repeats."""
    stack.wait_until_quiet(timeout_s=DRAIN_TIMEOUT_S)
    began_at = time.time()
    converse(stack.telegram.url, [question])
    time.sleep(AFTERWARDS_S)
    mongodb, redis = stack.proxies
    steps = [
        *_steps_of("mongodb", mongodb.since(began_at)),
        *_group_transactions(_steps_of("redis", redis.since(began_at))),
        *_telegram_steps(stack, question, began_at),
        _model_step(stack, question),
    ]
    mongodb_url, redis_url = stack.direct_urls
    ordered = sorted(steps, key=lambda step: step[0])
    return {
        "chat_id": question.chat_id,
        "steps": [{"kind": kind, "content": content} for _, kind, content in ordered],
        "mongodb_url": mongodb_url,
        "redis_url": redis_url,
        "telegram_url": f"{stack.telegram.url}/bot{TOKEN}",
        "model_url": stack.model.url,
    }


def _steps_of(kind: str, sent: Iterable[Sent]) -> Iterator[Step]:
    for item in sent:
        if not item.is_timed_out and item.command.label.split()[0] not in BACKGROUND:
            yield item.at, kind, item.command.content


def _group_transactions(steps: Iterable[Step]) -> Iterator[Step]:
    """Give each step a list of commands: several for what stood between MULTI and EXEC, which arrive together."""
    queued: list[Any] | None = None
    for at, kind, words in steps:
        if words == [b"MULTI"]:
            queued = []
        elif words == [b"EXEC"]:
            yield at, kind, queued
            queued = None
        elif queued is not None:
            queued.append(words)
        else:
            yield at, kind, [words]


def _telegram_steps(stack: BenchStack, question: Question, began_at: float) -> Iterator[Step]:
    """The sandbox's log shortens long values: the answer's text is known."""
    for call in stack.telegram.calls(chat_id=question.chat_id):
        if call["received_at"] < began_at:
            continue
        form = call["parameters"]
        if "text" in form:
            form = {**form, "text": question.answer}
        yield call["received_at"], "telegram", {"method": call["method"], "form": form}


def _model_step(stack: BenchStack, question: Question) -> Step:
    timings = [timing for timing in stack.model.timings() if timing["marker"] == question.marker]
    return timings[0]["started_at"], "model", stack.model.body_of(question.marker)
