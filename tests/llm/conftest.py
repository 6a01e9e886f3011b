from __future__ import annotations

from collections.abc import Iterator

import pytest

from llm.prompt import Prompt, Role, Section, SectionKind, Turn
from llm.providers.openai_compatible import OpenAICompatibleProvider
from llm.providers.openai_format.settings import Limits
from tests.harness.llm_standin_process import LLMStandIn


@pytest.fixture(scope="session")
def running_standin() -> Iterator[LLMStandIn]:
    with LLMStandIn() as standin:
        yield standin


@pytest.fixture
def standin(running_standin: LLMStandIn) -> LLMStandIn:
    running_standin.clear()
    running_standin.configure(first_token_s=0, chunk_s=0, words=0)
    return running_standin


@pytest.fixture
def provider(standin: LLMStandIn) -> OpenAICompatibleProvider:
    limits = Limits(connect_timeout_s=1, timeout_s=5)
    return OpenAICompatibleProvider(
        url=standin.url, api_key="sk-secret-key", model="standin-7b", limits=limits
    )


def ask(*contents: str, language: str = "ru", sections: tuple[Section, ...] = ()) -> Prompt:
    """Build a prompt from what user and assistant said in turn."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = tuple(Turn(roles[place % 2], content) for place, content in enumerate(contents))
    return Prompt(sections, turns, language=language)


def persona(text: str = "Вы — дворецкий.") -> Section:
    return Section(SectionKind.PERSONA, text)
