"""`floor`: the same database, broker and HTTP calls made by a bare script, and the ratio of Butler to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import bson

from tests.benchmarks.bench_stack import OURS, WORKER_THREADS, BenchStack
from tests.benchmarks.figures import Figure, Result, Table
from tests.benchmarks.questions import write_questions
from tests.benchmarks.recording import record_message
from tests.benchmarks.running import Plan, note_logs, warmed_stack
from tests.benchmarks.scenarios import closed
from tests.benchmarks.usage import PER_MESSAGES, Spent, spent_between, take_moment
from tests.harness.processes import PROJECT_DIR

FIRST_CHAT = 7_000
USERS, MESSAGES = 50, 1_000
QUICK_USERS, QUICK_MESSAGES = 5, 30


def run(plan: Plan) -> Result:
    users, messages = (QUICK_USERS, QUICK_MESSAGES) if plan.is_quick else (USERS, MESSAGES)
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result(
        "floor",
        f"The calls of one recorded message × {messages} by a bare script (pymongo, redis-py, requests, http.client; "
        "no web server, no framework, no logs), beside the closed loop.",
    )
    butler = plan.earlier.get("closed") or closed.run(plan)
    with warmed_stack(chat_ids, is_watched=True) as stack:
        recording = record_message(stack, write_questions(chat_ids[0], 1, tag="записи")[0])
        note_logs(result, stack)
        for name in OURS:
            getattr(stack, name).kill()
        before = take_moment(stack)
        floor = replay(stack, {**recording, "chat_ids": list(chat_ids)}, messages)
        spent = spent_between(before, take_moment(stack))
    result.figures = _compare(floor, spent, butler)
    result.tables.append(_list_calls(recording))
    result.notes.append(spent.describe_machine())
    return result


def replay(stack: BenchStack, recording: dict[str, Any], messages: int) -> dict[str, float]:
    """Run the bare script; return its `messages`, `seconds` and `cpu_s`."""
    path = Path(stack.directory) / "recording.bson"
    path.write_bytes(bson.encode(recording))
    command = [sys.executable, "-m", "tests.benchmarks.replay", str(path), "--messages", str(messages)]
    finished = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"the bare script failed:\n{finished.stderr[-4000:]}")
    spent: dict[str, float] = json.loads(finished.stdout)
    return spent


def _compare(floor: dict[str, float], spent: Spent, butler: Result) -> list[Figure]:
    of_butler = {figure.name: figure.value for figure in butler.figures}
    our_cpu, our_rate = of_butler[closed.OUR_CPU_NAME], of_butler[closed.THROUGHPUT_NAME]
    floor_cpu = floor["cpu_s"] / floor["messages"] * PER_MESSAGES
    floor_rate = floor["messages"] / floor["seconds"]
    made = floor["messages"] + WORKER_THREADS  # those that opened the connections included
    database = spent.by_part["mongodb"] / made * PER_MESSAGES
    return [
        Figure("floor: the script per 1,000 messages", floor_cpu, "CPU-s"),
        Figure("floor: the database per 1,000 messages", database, "CPU-s"),
        Figure("floor: throughput", floor_rate, "messages/s"),
        Figure("our processes to the floor, CPU", our_cpu / floor_cpu, "×"),
        Figure("floor to our throughput", floor_rate / our_rate, "×"),
    ]


def _list_calls(recording: dict[str, Any]) -> Table:
    rows = [(f"{step['kind']}: {_name(step)}", _size(step["content"])) for step in recording["steps"]]
    return Table("Calls of one message", ("call", "bytes"), list(rows))


def _name(step: dict[str, Any]) -> str:
    content = step["content"]
    if step["kind"] == "mongodb":
        return " ".join(str(part) for part in next(iter(content.items())))
    if step["kind"] == "redis":
        return " ".join(words[0].decode() for words in content)
    return str(content["method"]) if step["kind"] == "telegram" else "chat/completions"


def _size(content: Any) -> str:
    if isinstance(content, list):
        return str(sum(len(word) for words in content for word in words))
    return str(len(bson.encode(content)))
