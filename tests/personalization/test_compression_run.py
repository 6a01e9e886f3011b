"""A run over everybody: who is found, one person's failure, limits, the lock, what is left of it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY

from llm.errors import Unavailable
from llm.prompt import Prompt
from personalization import metrics
from personalization.domain.compression import Status
from personalization.domain.compression_lock import KEY, RunUnderWay, holding_run
from personalization.domain.compression_run import (
    CompressionRunner,
    RunOutcome,
    find_last_success,
    is_run_unfinished,
)
from personalization.domain.compression_search import PeopleOverCap
from personalization.models import Compression, CompressionRun, MemoryEvent
from personalization.tasks import compress_memories, show_last_success
from redis_connection import redis_client
from tests.factories.personalization import ProfileFactory, fill_memory
from tests.harness.processes import PATIENCE_S, wait_until
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NOTES = "Собеседник рассказал о многом."
DOWN = Unavailable("down", provider="scripted")
CAP, KEEP_LAST = 4, 2


@pytest.fixture(autouse=True)
def _small_memories(settings: Any) -> None:
    settings.MEMORY_CAP, settings.MEMORY_KEEP_LAST = CAP, KEEP_LAST
    redis_client().delete(KEY)


def settle(*user_ids: str, events: int = CAP + 1, content: str = "") -> None:
    for user_id in user_ids:
        ProfileFactory(user_id=user_id)
        fill_memory(user_id, events, content=content or f"от {user_id}")


def run_with(*answers: Any, **options: Any) -> CompressionRun:
    return CompressionRunner(chain_of(ScriptedProvider(*(answers or (NOTES,)))), **options).run()


def count_events(user_id: str) -> int:
    return MemoryEvent.objects.filter(user_id=user_id).count()


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_everybody_over_the_cap_is_compressed_and_nobody_else() -> None:
    settle("over-1", "over-2", "over-3")
    settle("within", events=CAP)
    fill_memory("nobody", CAP + 1)
    done = sample("memory_compression_users_total", status="ok")
    seen: list[tuple[int, str]] = []

    run = run_with(watch=lambda record: seen.append((record.processed, record.outcome)))

    assert [count_events(who) for who in ("over-1", "over-2", "over-3", "within", "nobody")] == [
        *[KEEP_LAST] * 3,
        CAP,
        CAP + 1,
    ]
    stored = CompressionRun.objects.get()
    assert (stored.people, stored.seen, stored.found, stored.processed, stored.failed) == (4, 4, 3, 3, 0)
    assert (stored.outcome, stored.finished_at is None) == ("ok", False)
    assert (run.pk, seen[-1]) == (stored.pk, (3, ""))
    assert sample("memory_compression_users_total", status="ok") == done + 3
    assert sample("memory_compression_last_success_timestamp_seconds") == run.finished_at.timestamp()  # type: ignore[union-attr]
    assert set(Compression.objects.values_list("user_id", "status", "summarised", "deleted")) == {
        (f"over-{number}", "ok", 3, 3) for number in (1, 2, 3)
    }


def test_people_are_found_some_at_a_time_each_once_and_in_order() -> None:
    settle("10", "100", "9", "11", "Ёж", "b", "a")
    settle("2", "aa", events=CAP)

    people = PeopleOverCap(at_a_time=3)

    assert list(people) == ["10", "100", "11", "9", "a", "b", "Ёж"]
    assert (people.seen, people.found, people.is_cut_off) == (9, 7, False)
    limited = PeopleOverCap(limit=2)
    assert (list(limited), limited.is_cut_off) == (["10", "100"], True)
    assert (list(limited), PeopleOverCap(limit=7).is_cut_off) == ([], False)


def test_one_persons_failure_of_whatever_kind_stops_nobody() -> None:
    settle("crash", content="яд")
    settle("fine-1", "fine-2")
    settle("unfit", content="вздор")
    before = {status: sample("user_memory_compressions_total", status=status) for status in Status}

    def answer(prompt: Prompt) -> str:
        said = prompt.turns[0].content
        if "яд" in said:
            raise ZeroDivisionError
        return "Привет!" if "вздор" in said else NOTES

    run = run_with(answer)

    assert (run.outcome, run.processed, run.failed) == (RunOutcome.FAILURES, 4, 2)
    assert [count_events(who) for who in ("crash", "unfit", "fine-1", "fine-2")] == [CAP + 1] * 2 + [
        KEEP_LAST
    ] * 2
    grown = {s.value for s in Status if sample("user_memory_compressions_total", status=s) > before[s]}
    assert grown == {"crashed", "rejected", "ok"}
    statuses = dict(Compression.objects.values_list("user_id", "status"))
    assert statuses == {"crash": "crashed", "unfit": "rejected", "fine-1": "ok", "fine-2": "ok"}
    again = run_with()
    assert (again.outcome, again.found) == (RunOutcome.OK, 2)


def test_a_run_in_which_nobody_could_be_compressed_is_no_success() -> None:
    settle("a", "b")
    metrics.COMPRESSION_LAST_SUCCESS.set(0)

    run = run_with(DOWN)

    assert (run.outcome, run.failed) == (RunOutcome.FAILED, 2)
    assert find_last_success() is None
    assert sample("memory_compression_last_success_timestamp_seconds") == 0


def test_no_more_people_are_compressed_at_a_time_than_the_setting_says(settings: Any) -> None:
    settings.COMPRESSION_CONCURRENCY = 2
    settle(*(str(number) for number in range(6)))
    lock, under_way, most = threading.Lock(), [0], [0]
    both = threading.Barrier(2, timeout=PATIENCE_S)

    def answer(_prompt: Prompt) -> str:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        both.wait()  # nobody is answered alone
        with lock:
            under_way[0] -= 1
        return NOTES

    assert run_with(answer).processed == 6
    assert most == [2]


def test_a_second_run_says_that_there_is_one_and_does_nothing() -> None:
    settle("a")
    overlapped = sample("memory_compression_runs_total", outcome="overlapped")

    with holding_run(), pytest.raises(RunUnderWay):
        run_with()

    assert (CompressionRun.objects.count(), count_events("a")) == (0, CAP + 1)
    assert sample("memory_compression_runs_total", outcome="overlapped") == overlapped + 1


def test_the_lock_is_renewed_while_the_run_lives_and_frees_itself_when_its_holder_is_killed(
    settings: Any,
) -> None:
    settings.TURN_LEASE_S = 3.0
    settle("a")
    left_ms = [0]

    def is_renewed() -> bool:
        left_ms.append(redis_client().pttl(KEY))
        return 0 < left_ms[-2] < left_ms[-1]  # what is left only grows by a renewal

    def answer(_prompt: Prompt) -> str:
        wait_until(is_renewed, what="a renewed lease")
        with pytest.raises(RunUnderWay):
            run_with()
        return NOTES

    assert run_with(answer).outcome is RunOutcome.OK
    assert redis_client().exists(KEY) == 0
    redis_client().set(KEY, "somebody who was killed", px=200)
    wait_until(lambda: not redis_client().exists(KEY), what="the end of the lease")
    assert run_with().outcome is RunOutcome.OK


def test_a_run_whose_lock_another_has_taken_over_ends(settings: Any) -> None:
    settings.TURN_LEASE_S, settings.COMPRESSION_CONCURRENCY = 0.3, 1
    settle("a", "b", "c")
    taken_over = threading.Event()

    def answer(_prompt: Prompt) -> str:
        redis_client().set(KEY, "another run")
        assert taken_over.wait(PATIENCE_S)
        return NOTES

    def watch(_record: CompressionRun) -> None:
        if runner.is_cut_off:
            taken_over.set()

    provider = ScriptedProvider(answer)
    runner = CompressionRunner(chain_of(provider), watch=watch, look_every_s=0.05)

    run = runner.run()

    assert (run.outcome, run.processed) == (RunOutcome.INTERRUPTED, 1)
    assert redis_client().getdel(KEY) == "another run"


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ({"limit": 2}, RunOutcome.STOPPED),
        ({"limit_s": 0.0}, RunOutcome.STOPPED),
        ({}, RunOutcome.INTERRUPTED),
    ],
    ids=["limit of people", "limit of time", "end of the worker"],
)
def test_a_run_that_is_cut_short_says_so_and_the_next_one_goes_on(
    options: dict[str, Any], outcome: RunOutcome, settings: Any
) -> None:
    settings.COMPRESSION_CONCURRENCY = 2
    settle("a", "b", "c", "d")
    both = threading.Barrier(2, timeout=PATIENCE_S)
    under_way, looked = threading.Event(), threading.Event()

    def answer(_prompt: Prompt) -> str:
        both.wait()
        under_way.set()
        assert looked.wait(PATIENCE_S)
        return NOTES

    def is_ending() -> bool:
        assert under_way.wait(PATIENCE_S)  # the first look is at two people who are being compressed
        return outcome is RunOutcome.INTERRUPTED

    run = run_with(answer, look_every_s=0.05, watch=lambda _: looked.set(), is_ending=is_ending, **options)

    assert (run.outcome, run.processed) == (outcome, 2)
    assert find_last_success() is None
    assert is_run_unfinished() is (outcome is RunOutcome.INTERRUPTED)
    rest = run_with()
    assert (rest.outcome, rest.processed) == (RunOutcome.OK, 2)


def test_a_killed_run_is_closed_and_taken_up_by_the_next_worker() -> None:
    killed = CompressionRun.objects.create(found=9, processed=3)
    settle("a")

    assert compress_memories.apply(kwargs={"only_unfinished": True}).get() == "ok"

    killed.refresh_from_db()
    assert (killed.outcome, killed.processed, killed.finished_at is None) == ("killed", 3, False)
    assert (count_events("a"), is_run_unfinished()) == (KEEP_LAST, False)
    assert compress_memories.apply(kwargs={"only_unfinished": True}).get() == "off"
    CompressionRun.objects.update(outcome="", started_at=timezone.now() - timedelta(hours=13))
    assert not is_run_unfinished()


def test_a_worker_that_starts_shows_when_a_run_last_succeeded() -> None:
    metrics.COMPRESSION_LAST_SUCCESS.set(0)
    show_last_success()
    assert sample("memory_compression_last_success_timestamp_seconds") == 0
    run = run_with()
    metrics.COMPRESSION_LAST_SUCCESS.set(0)
    CompressionRun.objects.create(outcome=RunOutcome.STOPPED, finished_at=timezone.now())

    show_last_success()

    shown = sample("memory_compression_last_success_timestamp_seconds")
    assert abs(shown - run.finished_at.timestamp()) < 0.001  # type: ignore[union-attr]


def test_without_personalization_nothing_is_read(settings: Any) -> None:
    settings.PERSONALIZATION_ENABLED = False
    settle("a")

    assert compress_memories.apply().get() == "off"
    assert (CompressionRun.objects.count(), count_events("a")) == (0, CAP + 1)
