from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from llm.errors import Unavailable
from llm.prompt import Purpose, SectionKind
from llm.providers.base import Capabilities
from personalization.domain import memory
from personalization.domain.compression import BATCH_EVENTS, Outcome, Status, compress_memory
from personalization.domain.profiles import change_profile, get_profile, reset_profile
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NOTES = "Собеседник рассказал о многом."
DOWN = Unavailable("down", provider="scripted")


@pytest.fixture(autouse=True)
def _profiles() -> None:
    for user_id in ("42", "43"):
        get_profile(user_id)


def contents(user_id: str = "42") -> list[str]:
    events = memory.list_recent_events(get_profile(user_id), limit=1000)
    return [event.content for event in events]


def count_compressions(status: str) -> float:
    return REGISTRY.get_sample_value("user_memory_compressions_total", {"status": status}) or 0.0


def test_a_memory_within_its_cap_is_left_alone() -> None:
    fill_memory("42", 50)
    provider = ScriptedProvider(NOTES)

    assert compress_memory("42", chain=chain_of(provider)) == Outcome(Status.NOTHING)
    assert provider.prompts == []
    assert len(contents()) == 50


def test_everything_older_than_the_last_twenty_is_summarised_and_deleted() -> None:
    events = fill_memory("42", 51)
    provider = ScriptedProvider(NOTES)

    assert compress_memory("42", chain=chain_of(provider)) == Outcome(Status.OK, summarised=31, deleted=31)

    profile = get_profile("42")
    assert profile.memory_summary == NOTES
    assert profile.is_summary_extractive is False
    assert memory.watermark_of(profile) == memory.position_of(events[30])
    assert contents() == [f"событие {number}" for number in range(31, 51)]
    assert MemoryEvent.objects.count() == 20
    asked = provider.prompts[0]
    assert asked.purpose is Purpose.SUMMARY
    assert [turn.content for turn in asked.turns] == [f"событие {number}" for number in range(31)]


def test_the_earlier_summary_is_given_to_the_model() -> None:
    UserProfile.objects.filter(user_id="42").update(memory_summary="Раньше: зовут Анна.")
    fill_memory("42", 51)
    provider = ScriptedProvider(NOTES)

    compress_memory("42", chain=chain_of(provider))

    assert "Раньше: зовут Анна." in provider.prompts[0].section_text(SectionKind.SUMMARY)


def test_running_it_again_changes_nothing() -> None:
    fill_memory("42", 51)
    compress_memory("42", chain=chain_of(ScriptedProvider(NOTES)))
    before = contents()

    assert compress_memory("42", chain=chain_of(ScriptedProvider("другое"))) == Outcome(Status.NOTHING)
    assert (contents(), get_profile("42").memory_summary) == (before, NOTES)


@pytest.mark.parametrize("unfit", ["Привет!", "Извините, не могу.", "The person is Anna, a programmer."])
def test_an_unfit_summary_deletes_nothing(unfit: str) -> None:
    fill_memory("42", 51)
    rejections = count_compressions("rejected")

    assert compress_memory("42", chain=chain_of(ScriptedProvider(unfit))).status is Status.REJECTED

    assert len(contents()) == 51
    assert get_profile("42").memory_summary is None
    assert count_compressions("rejected") == rejections + 1


def test_a_model_that_is_down_deletes_nothing() -> None:
    fill_memory("42", 51)

    assert compress_memory("42", chain=chain_of(ScriptedProvider(DOWN))).status is Status.UNAVAILABLE
    assert len(contents()) == 51


def test_a_model_that_stays_down_is_replaced_by_an_extractive_summary() -> None:
    fill_memory("42", 51, content="Меня зовут Анна, это сообщение")

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(DOWN)), is_extractive_allowed=True)

    profile = get_profile("42")
    assert outcome == Outcome(Status.EXTRACTIVE, summarised=31, deleted=31)
    assert profile.is_summary_extractive is True
    assert "Анна" in (profile.memory_summary or "")


def test_a_memory_far_over_its_cap_does_not_wait_for_the_model() -> None:
    fill_memory("42", 151)

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(DOWN)))

    assert outcome == Outcome(Status.EXTRACTIVE, summarised=131, deleted=131)
    assert len(contents()) == 20


def test_a_model_summary_takes_the_mark_of_the_extractive_one_away() -> None:
    UserProfile.objects.filter(user_id="42").update(memory_summary="выписка", is_summary_extractive=True)
    fill_memory("42", 51)

    compress_memory("42", chain=chain_of(ScriptedProvider(NOTES)))

    assert get_profile("42").is_summary_extractive is False


def test_a_long_memory_is_summarised_in_parts(settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 300
    fill_memory("42", 80, content="длинное сообщение о разном")
    provider = ScriptedProvider(NOTES)

    outcome = compress_memory("42", chain=chain_of(provider))

    assert outcome == Outcome(Status.OK, summarised=60, deleted=60)
    assert len(provider.prompts) > 1
    asked = [turn.content for prompt in provider.prompts for turn in prompt.turns]
    assert asked == [f"длинное сообщение о разном {number}" for number in range(60)]


def test_killed_after_the_profile_was_written_the_next_run_only_deletes() -> None:
    events = fill_memory("42", 51)
    get_profile("42")
    UserProfile.objects.filter(user_id="42").update(memory_summary=NOTES)
    memory.raise_watermark("42", memory.position_of(events[30]))
    assert len(contents()) == 20
    provider = ScriptedProvider("другое")

    assert compress_memory("42", chain=chain_of(provider)) == Outcome(Status.NOTHING, deleted=31)

    assert provider.prompts == []
    assert MemoryEvent.objects.count() == 20
    assert get_profile("42").memory_summary == NOTES


@pytest.mark.parametrize("answer", [NOTES, DOWN], ids=["summarised", "model down"])
def test_what_a_killed_run_left_goes_with_what_is_summarised_next_or_alone(answer: Any) -> None:
    events = fill_memory("42", 90)
    memory.raise_watermark("42", memory.position_of(events[30]))

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(answer)))

    assert (outcome.summarised, outcome.deleted) == ((39, 70) if answer == NOTES else (0, 31))
    assert MemoryEvent.objects.count() == 90 - outcome.deleted


def test_a_memory_longer_than_is_read_at_a_time_is_summarised_up_to_the_last_twenty(settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 100_000
    fill_memory("42", BATCH_EVENTS + 30)
    provider = ScriptedProvider(NOTES)
    provider.capabilities = Capabilities(context_tokens=100_000)

    outcome = compress_memory("42", chain=chain_of(provider))

    assert outcome == Outcome(Status.OK, summarised=BATCH_EVENTS + 10, deleted=BATCH_EVENTS + 10)
    assert [len(prompt.turns) for prompt in provider.prompts] == [BATCH_EVENTS, 10]
    assert len(contents()) == 20


def test_a_compression_takes_seven_commands_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read: profile, events, is the person still there. Write: summary, deletion, record. And is the person there."""
    monkeypatch.setattr(connection, "queries_logged", True)
    events = fill_memory("42", 90)
    memory.raise_watermark("42", memory.position_of(events[30]))
    connection.queries_log.clear()

    compress_memory("42", chain=chain_of(ScriptedProvider(NOTES)))

    assert len(connection.queries_log) == 7


def test_events_that_arrive_meanwhile_survive() -> None:
    fill_memory("42", 51)

    def summarise_while_talking(_prompt: object) -> str:
        for number in range(5):
            fill_newer(number)
        return NOTES

    compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_talking)))

    assert contents()[-5:] == [f"новое {number}" for number in range(5)]
    assert len(contents()) == 25


def fill_newer(number: int) -> None:
    newest = MemoryEvent.objects.order_by("-created_at", "-pk")[0]
    MemoryEvent.objects.create(
        user_id="42", role="user", content=f"новое {number}", created_at=newest.created_at
    )


def test_a_reset_during_compression_wins() -> None:
    fill_memory("42", 51)

    def summarise_while_resetting(_prompt: object) -> str:
        reset_profile("42")
        return NOTES

    outcome = compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_resetting)))

    assert outcome.status is Status.SUPERSEDED
    assert get_profile("42").memory_summary is None
    assert contents() == []


def test_a_change_of_the_profile_during_compression_wins() -> None:
    fill_memory("42", 51)

    def summarise_while_changing(_prompt: object) -> str:
        change_profile("42", lambda _: {"tone": "dry"})
        return NOTES

    assert (
        compress_memory("42", chain=chain_of(ScriptedProvider(summarise_while_changing))).status
        is Status.SUPERSEDED
    )
    assert (get_profile("42").memory_summary, len(contents())) == (None, 51)


def test_a_profile_made_anew_meanwhile_gets_no_summary_of_the_earlier_one() -> None:
    fill_memory("42", 51)

    def summarise_while_making_anew(_prompt: object) -> str:
        UserProfile.objects.filter(user_id="42").delete()
        get_profile("42")
        return NOTES

    provider = ScriptedProvider(summarise_while_making_anew)
    assert compress_memory("42", chain=chain_of(provider)).status is Status.SUPERSEDED
    assert get_profile("42").memory_summary is None


def test_nobody_gets_a_profile_by_compression() -> None:
    assert compress_memory("unknown", chain=chain_of(ScriptedProvider(NOTES))) == Outcome(Status.NOTHING)
    assert not UserProfile.objects.filter(user_id="unknown").exists()


def test_of_concurrent_runs_one_wins_and_nothing_is_lost() -> None:
    fill_memory("42", 60)
    get_profile("42")

    with ThreadPoolExecutor(4) as threads:
        runs = [
            threads.submit(compress_memory, "42", chain=chain_of(ScriptedProvider(NOTES))) for _ in range(4)
        ]
        outcomes = [run.result() for run in runs]

    assert sum(outcome.summarised for outcome in outcomes) == 40
    assert contents() == [f"событие {number}" for number in range(40, 60)]


def test_one_persons_compression_touches_nobody_else() -> None:
    fill_memory("42", 51, content="моё")
    fill_memory("43", 60, content="чужое")
    provider = ScriptedProvider(NOTES)

    compress_memory("42", chain=chain_of(provider))

    assert len(contents("43")) == 60
    assert all("чужое" not in turn.content for turn in provider.prompts[0].turns)


@given(
    count=st.integers(0, 130),
    answers=st.lists(st.sampled_from([NOTES, "Привет!", DOWN]), min_size=1, max_size=4),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_event_is_summarised_or_kept_whatever_the_model_does(count: int, answers: list[Any]) -> None:
    MemoryEvent.objects.all().delete()
    UserProfile.objects.all().delete()
    get_profile("42")
    fill_memory("42", count)
    summarised: list[str] = []

    for answer in answers:
        provider = ScriptedProvider(answer)
        if compress_memory("42", chain=chain_of(provider)).status is Status.OK:
            summarised += [turn.content for prompt in provider.prompts for turn in prompt.turns]

    assert summarised + contents() == [f"событие {number}" for number in range(count)]
