"""`kill -9` of a worker with work of each queue in hand: the next worker does it, once.

For the queue `replies` see `test_killed_processes.py`.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from personalization.domain.compression_lock import KEY
from personalization.domain.compression_run import RunOutcome
from personalization.tasks import compress_memories, compress_user_memory
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.tasks import send_task
from tests.harness.telegram import SandboxClient
from tests.reliability.facts import pairs, read_memory
from tests.reliability.test_killed_compression import AT_A_TIME, KEEP_LAST, PATIENT, SUMMARY, Person

ATTEMPTS = 2


def hold_back_files(telegram: SandboxClient) -> None:
    """Let the next question for a file wait so long that the worker is killed over it."""
    telegram.order_fault(kind="delay", method="getFile", seconds=60)


def kill_while_preparing(stack: Stack, chat_id: int) -> str:
    """Kill the worker while it prepares the chat's first update; return the key under which attempts are counted.

    It is caught with this one request in hand: of another it would have to be waited for ten minutes.
    """
    inbox = stack.database().inbox_updates
    wait_until(lambda: inbox.find_one({"chat_id": str(chat_id)}), what="the stored update")
    update_key = inbox.find({"chat_id": str(chat_id)}).sort("update_id", 1)[0]["_id"]
    attempts_key = f"preparation-attempts:{update_key}"
    wait_until(lambda: stack.broker().exists(attempts_key), what="the preparation")
    stack.worker.send_signal(signal.SIGSTOP)
    while stack.broker().exists(f"preparation-asked:{update_key}"):
        stack.worker.send_signal(signal.SIGCONT)
        time.sleep(0.1)
        stack.worker.send_signal(signal.SIGSTOP)
    stack.worker.kill()
    return attempts_key


@pytest.mark.parametrize("queue", ["speech", "files"])
def test_what_a_killed_worker_was_reading_is_read_by_the_next_one(
    stack: Stack, telegram: SandboxClient, chat_id: int, queue: str
) -> None:
    words = f"Сколько стоит чай, {chat_id}?"
    hold_back_files(telegram)
    if queue == "speech":
        telegram.upload(chat_id, kind="voice", content=words.encode())
    else:
        telegram.upload(chat_id, kind="document", content="Чай: 120.".encode(), name="ц.txt", caption=words)
    telegram.write(chat_id, "И ещё")

    attempts_key = kill_while_preparing(stack, chat_id)
    telegram.forget_faults()
    assert telegram.answers(chat_id) == []
    stack.worker.start()

    stack.wait_until_settled()
    *_, answer, last = telegram.answers(chat_id)
    transcript = [words] if queue == "speech" else []
    assert telegram.answers(chat_id) == [*transcript, answer, default_answer("И ещё", words=0)]
    asked = words if queue == "speech" else f"{words}\n[файл: ц.txt]"
    assert read_memory(stack, chat_id) == pairs((asked, answer), ("И ещё", last))
    assert stack.broker().get(attempts_key) == str(ATTEMPTS)
    kept = stack.database().files.count_documents({"user_id": str(chat_id)})
    assert kept == (queue == "files")


@contextmanager
def patient_worker(stack: Stack) -> Iterator[None]:
    """Have a worker that waits for as long as the model is held back; it has ended when the block does."""
    usual = stack.worker.environment
    stack.worker.kill()
    stack.worker.environment = {**usual, **PATIENT}
    stack.worker.start()
    stack.worker.wait_for_output("ready")
    try:
        yield
    finally:
        stack.worker.kill()
        stack.worker.environment = usual


def hold_back_summary(model: LLMStandIn, person: Person) -> None:
    question = person.events[0]["content"]
    model.script({"kind": "held", "match": question, "times": 0})


def wait_until_asked(model: LLMStandIn, person: Person) -> None:
    question = person.events[0]["content"]
    wait_until(
        lambda: any(question in str(request["messages"]) for request in model.requests()),
        what="the summary asked for",
    )


@pytest.mark.usefixtures("only_these_people")
def test_a_run_over_everybody_goes_on_where_its_worker_was_killed(stack: Stack, model: LLMStandIn) -> None:
    done, alone, in_hand = (Person(stack, new_chat_id()) for _ in range(3))
    for person in (alone, in_hand):
        hold_back_summary(model, person)
    model.script({"kind": "answer", "match": "запись", "text": SUMMARY, "times": 0})
    runs = stack.database().compression_runs
    with patient_worker(stack):
        send_task(stack, compress_user_memory.name, str(alone.chat_id))
        wait_until_asked(model, alone)
        send_task(stack, compress_memories.name)
        wait_until_asked(model, in_hand)
        assert stack.broker().exists(KEY)
    model.forget_script()
    model.script({"kind": "answer", "match": "запись", "text": SUMMARY, "times": 0})

    for person in (alone, in_hand):
        assert person.contents() == person.newest(len(person.events))
    stack.worker.start()

    latest = runs.find().sort("started_at", -1).limit(1)
    wait_until(lambda: latest.clone()[0]["outcome"] == RunOutcome.OK.value, what="the end of the next run")
    for person in (done, alone, in_hand):
        assert person.contents() == person.newest(KEEP_LAST)
        assert person.profile()["memory_summary"] == SUMMARY
    last, before = runs.find().sort("started_at", -1).limit(2)
    assert (last["outcome"], before["outcome"]) == ("ok", "killed")
    wait_until(lambda: not stack.broker().exists(KEY), what="the lease given back")
    statuses = stack.database().compressions.find(alone.owner)
    assert [record["status"] for record in statuses] == ["ok"]


@pytest.mark.usefixtures("only_these_people")
def test_a_run_ends_with_the_people_it_is_at_when_its_worker_is_asked_to_stop_and_goes_on_with_the_next(
    stack: Stack, model: LLMStandIn
) -> None:
    people = [Person(stack, new_chat_id()) for _ in range(AT_A_TIME + 2)]
    runs = stack.database().compression_runs
    before = runs.count_documents({})
    model.script({"kind": "held", "match": "запись", "text": SUMMARY, "times": 0})
    with patient_worker(stack):
        send_task(stack, compress_memories.name)
        for person in people[:AT_A_TIME]:
            wait_until_asked(model, person)

        stack.worker.ask_to_stop()
        stack.worker.wait_for_output("Warm shutdown")  # and it has heard of it
        model.release()
        assert stack.worker.wait() == 0

    (interrupted,) = runs.find().sort("started_at", -1).limit(1)
    assert (interrupted["outcome"], interrupted["processed"]) == ("interrupted", AT_A_TIME)
    model.forget_script()
    model.script({"kind": "answer", "match": "запись", "text": SUMMARY, "times": 0})
    stack.worker.start()
    wait_until(
        lambda: runs.count_documents({"outcome": {"$ne": ""}}) == before + 2, what="the next run's end"
    )
    (last,) = runs.find().sort("started_at", -1).limit(1)
    assert (last["outcome"], last["processed"]) == ("ok", len(people) - AT_A_TIME)
    assert [len(person.contents()) for person in people] == [KEEP_LAST] * len(people)
