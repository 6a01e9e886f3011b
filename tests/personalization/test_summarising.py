from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llm.prompt import Prompt, SectionKind
from llm.providers.base import FINISH_LENGTH, CallOptions, Capabilities, Completion
from llm.tokens import estimate_tokens
from llm.usage import estimate_prompt_tokens
from personalization.domain.compression import Status, compress_memory
from personalization.domain.profiles import get_profile
from personalization.domain.summarising import SUMMARY_MAX_TOKENS, find_answer_tokens
from personalization.domain.summary_check import SLACK, SUMMARY_MAX_CHARS
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

EARLIER = "Любит прогулки у моря.\n" * 60
PROSE = Path(__file__).parents[1] / "benchmarks/tokenizers/texts/prose.ru.txt"
NOTES = "Собеседник рассказал о многом."


class Small(ScriptedProvider):
    capabilities = Capabilities(context_tokens=4096)


class Cut(ScriptedProvider):
    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        return replace(super()._complete(prompt, options), finish_reason=FINISH_LENGTH)


@pytest.fixture(autouse=True)
def _profile() -> None:
    get_profile("42")
    UserProfile.objects.filter(user_id="42").update(memory_summary=EARLIER)


def dearest_prompt(provider: ScriptedProvider) -> int:
    return max(estimate_prompt_tokens(prompt) for prompt in provider.prompts)


def test_a_summary_that_was_cut_deletes_nothing() -> None:
    fill_memory("42", 51)

    assert compress_memory("42", chain=chain_of(Cut(NOTES))).status is Status.REJECTED

    assert MemoryEvent.objects.count() == 51
    assert get_profile("42").memory_summary == EARLIER


def test_prompt_and_summary_fit_into_a_small_context_together() -> None:
    longest = "Любит прогулки у моря.\n" * (SUMMARY_MAX_CHARS // 23)
    UserProfile.objects.filter(user_id="42").update(memory_summary=longest)
    fill_memory("42", 60, content="рассказ о том, как прошёл день, " * 5)
    provider = Small(EARLIER)
    chain = chain_of(provider)

    assert compress_memory("42", chain=chain).status is Status.OK

    assert find_answer_tokens(chain.route) == 1_024
    assert dearest_prompt(provider) + 1_024 <= Small.capabilities.context_tokens
    assert "1365" in provider.prompts[0].section_text(SectionKind.INSTRUCTION)


@pytest.mark.parametrize(
    "model", ["gpt-4", "gpt-4o", "qwen3", "deepseek", "mistral", "mixtral", "gemini", "llama-4"]
)
def test_the_longest_summary_that_is_taken_is_not_cut(model: str) -> None:
    prose = (PROSE.read_text() * 9)[: int(SUMMARY_MAX_CHARS * SLACK)]

    assert estimate_tokens(prose, model=model) <= SUMMARY_MAX_TOKENS


def test_the_house_limit_holds_for_the_whole_prompt(settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 3_000
    fill_memory("42", 120, content="ок")
    provider = ScriptedProvider(NOTES)

    compress_memory("42", chain=chain_of(provider))

    assert dearest_prompt(provider) <= 3_000


def test_a_long_earlier_summary_leaves_room_for_more_than_one_event(settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 800
    fill_memory("42", 60, content="ок")
    provider = ScriptedProvider(EARLIER)

    compress_memory("42", chain=chain_of(provider))

    assert len(provider.prompts) <= 10
