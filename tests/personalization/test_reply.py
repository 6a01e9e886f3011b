from __future__ import annotations

import weakref
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from prometheus_client import REGISTRY

from llm.call import ExchangeRecord
from llm.errors import AnswerRefused, BadAnswer, LLMError, RateLimited, Unavailable
from llm.prompt import Prompt, SectionKind
from llm.providers.base import FINISH_LENGTH, FINISH_STOP, CallOptions, Completion
from personalization.domain.context import read_context
from personalization.domain.profiles import get_profile
from personalization.domain.reply import Question, Reply
from personalization.errors import MessageTooLong, ReplyFailed
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db
GREETING = "Добрый день, к Вашим услугам."


def ask(text: str, provider: ScriptedProvider, *, user_id: str = "42", key: str = "a") -> Reply:
    """Ask as the gateway does: the profile is read where personalization is on."""
    context = read_context(user_id) if settings.PERSONALIZATION_ENABLED else None
    reply = Reply(Question(user_id=user_id, key=key, text=text), context=context, chain=chain_of(provider))
    "".join(reply)
    return reply


def count_requests(status: str) -> float:
    labels = {"source": "text", "status": status}
    return REGISTRY.get_sample_value("personalized_requests_total", labels) or 0.0


def test_a_reply_is_streamed_and_the_pair_remembered() -> None:
    reply = Reply(
        Question(user_id="42", key="a", text="Добрый день"),
        context=read_context("42"),
        chain=chain_of(ScriptedProvider(GREETING)),
    )

    pieces = list(reply)

    assert len(pieces) > 1
    assert "".join(pieces) == reply.text == GREETING
    stored = MemoryEvent.objects.order_by("created_at", "pk").values_list("role", "content", "source")
    assert list(stored) == [("user", "Добрый день", "text"), ("assistant", GREETING, "text")]


@pytest.mark.parametrize(("reason", "is_cut"), [(FINISH_STOP, False), (FINISH_LENGTH, True)])
def test_a_reply_tells_whether_the_limit_of_tokens_ended_it(reason: str, is_cut: bool) -> None:
    class Ended(ScriptedProvider):
        def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
            return replace(super()._complete(prompt, options), finish_reason=reason)

    assert ask("Расскажите всё", Ended(GREETING)).is_cut is is_cut


def test_the_next_prompt_holds_what_was_said() -> None:
    provider = ScriptedProvider(GREETING)
    ask("Меня зовут Анна", provider, key="a")
    ask("Как меня зовут?", provider, key="b")

    assert [turn.content for turn in provider.prompts[1].turns] == [
        "Меня зовут Анна",
        GREETING,
        "Как меня зовут?",
    ]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("down", provider="scripted"),
        RateLimited("slow down", provider="scripted"),
        BadAnswer("cut", provider="scripted"),
    ],
    ids=lambda error: error.outcome,
)
def test_a_failed_answer_stores_no_half_pair(error: LLMError) -> None:
    failures = count_requests("error")

    with pytest.raises(ReplyFailed, match=error.outcome):
        ask("Добрый день", ScriptedProvider(error))

    assert MemoryEvent.objects.count() == 0
    assert count_requests("error") == failures + 1


def test_an_empty_answer_is_a_failure() -> None:
    with pytest.raises(ReplyFailed):
        ask("Добрый день", ScriptedProvider("  "))

    assert MemoryEvent.objects.count() == 0


def test_the_message_after_a_failure_is_answered() -> None:
    provider = ScriptedProvider(Unavailable("down", provider="scripted"), GREETING)
    with pytest.raises(ReplyFailed):
        ask("первое", provider, key="a")

    assert ask("второе", provider, key="b").text == GREETING


def test_a_message_over_the_budget_reaches_no_model(settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 1000
    provider = ScriptedProvider(GREETING)

    with pytest.raises(MessageTooLong):
        ask("слово " * 10_000, provider)

    assert provider.prompts == []


def test_an_answer_that_is_no_longer_to_be_stored_is_not() -> None:
    def refuse() -> None:
        raise TimeoutError

    reply = Reply(
        Question(user_id="42", key="a", text="Добрый день"),
        context=read_context("42"),
        chain=chain_of(ScriptedProvider(GREETING)),
        before_storing=refuse,
    )

    with pytest.raises(TimeoutError):
        list(reply)

    assert MemoryEvent.objects.count() == 0


def test_an_answer_given_up_on_stores_nothing() -> None:
    reply = Reply(
        Question(user_id="42", key="a", text="Добрый день"),
        context=read_context("42"),
        chain=chain_of(ScriptedProvider(GREETING)),
    )

    pieces = iter(reply)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]

    assert MemoryEvent.objects.count() == 0


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    "said", [GREETING, Unavailable, AnswerRefused], ids=["answered", "failed", "refused"]
)
def test_what_was_asked_is_let_go_with_the_answer(said: str | type[LLMError]) -> None:
    def say(_prompt: object) -> str:
        if isinstance(said, str):
            return said
        raise said("no", provider="scripted")

    def ask_and_leave() -> weakref.ref[Reply]:
        chain = chain_of(ScriptedProvider(say), ScriptedProvider(say))
        question = Question(user_id="42", key="a", text="Добрый день")
        reply = Reply(question, context=read_context("42"), chain=chain)
        with suppress(ReplyFailed):
            "".join(reply)
        return weakref.ref(reply)

    assert ask_and_leave()() is None


def test_half_a_character_at_the_stop_is_remembered_as_a_sign() -> None:
    reply = Reply(
        Question(user_id="42", key="a", text="Добрый день"),
        context=read_context("42"),
        chain=chain_of(ScriptedProvider("Слушаю\ud83d и повинуюсь")),
    )

    for _ in reply:
        reply.stop()

    assert reply.text == "Слушаю\ufffd"
    assert MemoryEvent.objects.filter(content=reply.text).exists()


@pytest.mark.parametrize(("stored", "is_full"), [(46, False), (48, False), (49, True), (60, True)])
def test_a_memory_past_its_cap_asks_for_compression(stored: int, is_full: bool) -> None:
    fill_memory("42", stored)

    assert ask("Добрый день", ScriptedProvider(GREETING)).is_memory_full is is_full


@pytest.mark.parametrize(("uses_memory", "named"), [(True, "42"), (False, "")])
def test_an_exchange_names_only_whom_something_is_kept_of(uses_memory: bool, named: str) -> None:
    records: list[ExchangeRecord] = []
    question = Question(user_id="42", key="a", text="Добрый день", uses_memory=uses_memory)
    chain = chain_of(ScriptedProvider(GREETING), record=records.append)

    "".join(Reply(question, context=read_context("42") if uses_memory else None, chain=chain))

    assert [record.user_id for record in records] == [named]


def test_without_personalization_nothing_is_read_or_written(settings: Any) -> None:
    settings.PERSONALIZATION_ENABLED = False
    fill_memory("42", 4)
    provider = ScriptedProvider(GREETING)

    assert ask("Добрый день", provider).text == GREETING

    assert UserProfile.objects.count() == 0
    assert MemoryEvent.objects.count() == 4
    assert [section.kind for section in provider.prompts[0].sections] == [SectionKind.PERSONA]
    assert len(provider.prompts[0].turns) == 1


def test_no_prompt_holds_what_another_person_said() -> None:
    people = [f"person-{number}" for number in range(5)]
    provider = ScriptedProvider(lambda prompt: f"Понял: {prompt.turns[-1].content}")
    for round_number in range(4):
        for person in people:
            ask(f"тайна-{person} {round_number}", provider, user_id=person, key=f"{person}{round_number}")

    for number, prompt in enumerate(provider.prompts):
        text = prompt.system_text + " ".join(turn.content for turn in prompt.turns)
        others = [person for person in people if person != people[number % 5]]
        assert all(f"тайна-{other}" not in text for other in others)


def test_the_summary_is_part_of_the_prompt() -> None:
    get_profile("42")
    UserProfile.objects.filter(user_id="42").update(memory_summary="Собеседника зовут Анна.")
    provider = ScriptedProvider(GREETING)

    ask("Как меня зовут?", provider)

    assert "Собеседника зовут Анна." in provider.prompts[0].section_text(SectionKind.SUMMARY)
