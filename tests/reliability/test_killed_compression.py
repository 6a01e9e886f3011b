"""Compression killed at every step, run twice, run against newcomers: nothing is lost, the next run finishes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from personalization.management.commands.compress_memory import INTERRUPTED
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import Child, paused, wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.reliability.facts import pairs, read_memory

EVENTS, KEEP_LAST = 60, 20
AT_A_TIME = 4  # COMPRESSION_CONCURRENCY by default
SUMMARY = "Собеседник ведёт счёт записям и просит хранить их по порядку номеров."
OTHER_SUMMARY = "Собеседник нумерует свои записи подряд; порядок для него важен."
PATIENT = {"LLM_TIMEOUT_S": "60"}  # of a model that is held back for as long as the test needs
_run_numbers = count(1)

StartCompressing = Callable[["Person"], Child]


class Person:
    """Somebody with a memory past its cap."""

    def __init__(self, stack: Stack, chat_id: int, *, events: int = EVENTS) -> None:
        self._stack = stack
        self._database = stack.database()
        self.chat_id = chat_id
        self.owner = {"user_id": str(chat_id)}
        self.events = [self._build_event(number, events) for number in range(events)]
        self._database.user_memory.insert_many(self.events)
        self._database.user_profiles.insert_one(self._build_profile())

    def _build_event(self, number: int, events: int) -> dict[str, Any]:
        at = datetime.now(UTC) - timedelta(minutes=events - number)
        return {
            **self.owner,
            "event_id": f"{self.chat_id:016x}{number:016x}",
            "role": ("user", "assistant")[number % 2],
            "content": f"запись {self.chat_id}-{number:02}",
            "created_at": at.replace(microsecond=at.microsecond // 1000 * 1000),
            "tags": [],
            "source": "text",
        }

    def _build_profile(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        texts = {"language": "ru", "persona": "Alfred-style дворецкий", "tone": "witty"}
        unset = dict.fromkeys(("memory_summary", "summarized_until_at", "summarized_until_id"))
        times = {"created_at": now, "updated_at": now}
        return {
            **self.owner,
            **texts,
            **unset,
            **times,
            "preferred_topics": [],
            "is_summary_extractive": False,
        }

    def contents(self) -> list[str]:
        return [content for _, content in read_memory(self._stack, self.chat_id)]

    def newest(self, number: int) -> list[str]:
        return [event["content"] for event in self.events][-number:]

    def profile(self) -> dict[str, Any]:
        found = self._database.user_profiles.find_one(self.owner)
        assert found is not None
        return found

    def leave_as_killed_before_deleting(self) -> None:
        """Write what compression writes in its one update of the profile, and delete nothing."""
        last = self.events[EVENTS - KEEP_LAST - 1]
        watermark = {"summarized_until_at": last["created_at"], "summarized_until_id": last["_id"]}
        self._database.user_profiles.update_one(
            self.owner, {"$set": {"memory_summary": SUMMARY, **watermark}}
        )

    def delete_event(self, number: int) -> None:
        self._database.user_memory.delete_one({"_id": self.events[number]["_id"]})


@pytest.fixture
def person(stack: Stack, chat_id: int) -> Person:
    return Person(stack, chat_id)


@pytest.fixture
def start_compressing(stack: Stack) -> Iterator[StartCompressing]:
    """Start the command in a process of its own."""
    runs: list[Child] = []

    def start(person: Person) -> Child:
        command = [sys.executable, "manage.py", "compress_memory", "--user", str(person.chat_id)]
        name = f"compression-{next(_run_numbers)}"
        environment = {**stack.environment, **PATIENT}
        runs.append(Child(name, command, environment=environment, log_dir=stack.directory / "log"))
        runs[-1].start()
        return runs[-1]

    yield start
    for run in runs:
        run.stop()


def compress(stack: Stack, person: Person) -> str:
    """Run the command to its end; return what it reports."""
    return stack.manage("compress_memory", "--user", str(person.chat_id)).strip()


def count_summaries_asked(model: LLMStandIn, person: Person) -> int:
    questions = [str(request["messages"][-1]["content"]) for request in model.requests()]
    return sum(
        "<transcript>" in question and person.events[0]["content"] in question for question in questions
    )


def wait_until_asked(model: LLMStandIn, person: Person, *, times: int = 1) -> None:
    wait_until(lambda: count_summaries_asked(model, person) == times, what=f"summary {times} at the model")


def script_summary(model: LLMStandIn, person: Person, text: str = SUMMARY, *, is_held: bool = False) -> None:
    question = person.events[0]["content"]
    model.script({"kind": "held" if is_held else "answer", "match": question, "text": text})


def wait_until_looked_at(stack: Stack) -> None:
    """Wait until the run under way has looked whether it is to end: after that it writes how far it is."""
    runs = stack.database().compression_runs
    for _ in range(2):  # the first time it may have looked before
        runs.update_one({"outcome": ""}, {"$set": {"seen": -1}})
        wait_until(lambda: not runs.find_one({"outcome": "", "seen": -1}), what="the run's progress")


def test_killed_while_the_model_thinks_nothing_has_changed_and_the_next_run_finishes(
    stack: Stack, model: LLMStandIn, person: Person, start_compressing: StartCompressing
) -> None:
    script_summary(model, person, is_held=True)
    script_summary(model, person)
    before = person.profile()
    run = start_compressing(person)
    wait_until_asked(model, person)

    run.kill()

    assert person.contents() == person.newest(EVENTS)
    assert person.profile() == before
    assert compress(stack, person) == f"{person.chat_id}: ok, 40 summarised, 40 deleted"
    assert person.contents() == person.newest(KEEP_LAST)
    after = person.profile()
    assert after["memory_summary"] == SUMMARY
    assert compress(stack, person) == f"{person.chat_id}: nothing, 0 summarised, 0 deleted"
    assert (person.contents(), person.profile()) == (person.newest(KEEP_LAST), after)


def test_killed_between_the_profile_and_the_deletion_readers_ignore_what_is_left(
    telegram: SandboxClient, model: LLMStandIn, person: Person
) -> None:
    person.leave_as_killed_before_deleting()

    question = f"Что было, {person.chat_id}?"
    telegram.write(person.chat_id, question)

    telegram.wait_for_answers(person.chat_id, 1)
    prompts = [request["messages"] for request in model.requests()]
    (prompt,) = [prompt for prompt in prompts if prompt[-1]["content"] == question]
    turns = [message["content"] for message in prompt[1:]]
    assert SUMMARY in prompt[0]["content"]
    assert turns == [*person.newest(KEEP_LAST), question]


@pytest.mark.parametrize("already_deleted", [0, 3])
def test_killed_before_or_within_the_deletion_the_next_run_only_deletes(
    stack: Stack, model: LLMStandIn, person: Person, already_deleted: int
) -> None:
    person.leave_as_killed_before_deleting()
    for number in range(already_deleted):
        person.delete_event(number)
    before = person.profile()

    report = compress(stack, person)

    assert report == f"{person.chat_id}: nothing, 0 summarised, {40 - already_deleted} deleted"
    assert person.contents() == person.newest(KEEP_LAST)
    assert person.profile() == before
    assert count_summaries_asked(model, person) == 0


def test_what_is_said_during_compression_survives(
    stack: Stack, model: LLMStandIn, person: Person, start_compressing: StartCompressing
) -> None:
    script_summary(model, person, is_held=True)
    # What is said asks for a compression of its own, which is not to take part here.
    model.script({"kind": "status", "status": 500, "match": person.events[0]["content"], "times": 0})
    run = start_compressing(person)
    wait_until_asked(model, person)

    stack.telegram.write(person.chat_id, "Я здесь!")
    stack.telegram.wait_for_answers(person.chat_id, 1)
    model.release()

    run.wait_for_output("ok, 40 summarised, 40 deleted")
    stack.wait_until_settled()
    said = ["Я здесь!", default_answer("Я здесь!", words=0)]
    wait_until(lambda: len(person.contents()) <= KEEP_LAST + 2, what="the compressed memory")
    assert person.contents() == [*person.newest(KEEP_LAST), *said]
    assert person.profile()["memory_summary"] == SUMMARY


def test_of_two_runs_at_once_one_wins(
    model: LLMStandIn, person: Person, start_compressing: StartCompressing
) -> None:
    script_summary(model, person, SUMMARY, is_held=True)
    script_summary(model, person, OTHER_SUMMARY, is_held=True)
    runs = [start_compressing(person) for _ in range(2)]
    wait_until_asked(model, person, times=2)
    model.release()

    for run in runs:
        run.wait_for_output(" summarised, ")

    reports = sorted(run.recent_output.split(f"{person.chat_id}: ")[-1].strip() for run in runs)
    assert reports == ["ok, 40 summarised, 40 deleted", "superseded, 0 summarised, 0 deleted"]
    assert person.contents() == person.newest(KEEP_LAST)
    assert person.profile()["memory_summary"] in {SUMMARY, OTHER_SUMMARY}


@pytest.mark.usefixtures("only_these_people")
def test_ctrl_c_lets_a_run_end_with_the_people_it_is_at_and_the_next_one_goes_on(
    stack: Stack, model: LLMStandIn
) -> None:
    people = [Person(stack, new_chat_id()) for _ in range(AT_A_TIME + 2)]
    model.script({"kind": "held", "match": "запись", "text": SUMMARY, "times": 0})
    command = [sys.executable, "manage.py", "compress_memory"]
    environment = {**stack.environment, **PATIENT}
    run = Child("run", command, environment=environment, log_dir=stack.directory / "log")
    with paused(stack.worker):  # one that has just begun would go on with the interrupted run by itself
        run.start()
        for person in people[:AT_A_TIME]:
            wait_until_asked(model, person)

        run.send_signal(signal.SIGINT)
        wait_until_looked_at(stack)
        model.release()

        assert run.wait() == INTERRUPTED
        assert "interrupted: " in run.recent_output
        (record,) = stack.database().compression_runs.find().sort("started_at", -1).limit(1)
        done = [person for person in people if len(person.contents()) == KEEP_LAST]
        assert (record["outcome"], record["failed"]) == ("interrupted", 0)
        assert len(done) == record["processed"] == AT_A_TIME
        model.forget_script()
        model.script({"kind": "answer", "match": "запись", "text": SUMMARY, "times": 0})
        assert stack.manage("compress_memory").strip().startswith("ok: ")
    assert [len(person.contents()) for person in people] == [KEEP_LAST] * len(people)


def test_a_worker_killed_while_it_compresses_loses_nothing_and_the_next_message_has_it_done(
    stack: Stack, telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    person = Person(stack, chat_id, events=50)
    script_summary(model, person, is_held=True)
    telegram.write(chat_id, "Пятьдесят первая")
    telegram.wait_for_answers(chat_id, 1)
    wait_until_asked(model, person)

    stack.worker.kill()
    stack.worker.start()

    said = pairs(("Пятьдесят первая", default_answer("Пятьдесят первая", words=0)))
    assert person.contents() == [*person.newest(50), *(content for _, content in said)]
    script_summary(model, person)
    telegram.write(chat_id, "Ещё одна")
    telegram.wait_for_answers(chat_id, 2)
    wait_until(lambda: len(person.contents()) == KEEP_LAST, what="the compressed memory")
    assert person.contents()[:16] == person.newest(16)
    assert person.profile()["memory_summary"] == SUMMARY
