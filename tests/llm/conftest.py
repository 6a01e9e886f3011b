from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from llm.prompt import Prompt, Role, Section, SectionKind, Turn
from llm.provider_settings import Limits
from llm.providers.deepseek import DeepSeekProvider
from llm.providers.mistral import MistralProvider
from llm.providers.openai_compatible import OpenAICompatibleProvider
from llm.providers.openai_format.client import ChatCompletionsProvider
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import PATIENCE_S

KEY = "sk-secret-key"
LIMITS = Limits(connect_timeout_s=PATIENCE_S, timeout_s=PATIENCE_S)

StartStandIn = Callable[[str], LLMStandIn]


@dataclass(frozen=True)
class Vendor:
    """A provider and the stand-in that speaks its vendor's dialect."""

    provider: ChatCompletionsProvider
    standin: LLMStandIn


@pytest.fixture(scope="session")
def standin_of() -> Iterator[StartStandIn]:
    """Start the stand-in of a dialect when it is first asked for."""
    running: dict[str, LLMStandIn] = {}
    with ExitStack() as stack:

        def start(dialect: str) -> LLMStandIn:
            if dialect not in running:
                running[dialect] = stack.enter_context(LLMStandIn(dialect=dialect))
            standin = running[dialect]
            standin.clear()
            standin.configure(first_token_s=0, chunk_s=0, words=0, models=None)
            return standin

        yield start


@pytest.fixture
def standin(standin_of: StartStandIn) -> LLMStandIn:
    return standin_of("openai")


@pytest.fixture
def provider(standin: LLMStandIn) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(url=standin.url, api_key=KEY, model="standin-7b", limits=LIMITS)


@pytest.fixture
def mistral(standin_of: StartStandIn) -> Vendor:
    standin = standin_of("mistral")
    return Vendor(
        MistralProvider(url=standin.root, api_key=KEY, model="mistral-small-latest", limits=LIMITS), standin
    )


@pytest.fixture
def deepseek(standin_of: StartStandIn) -> Vendor:
    standin = standin_of("deepseek")
    return Vendor(
        DeepSeekProvider(url=standin.root, api_key=KEY, model="deepseek-flash", limits=LIMITS), standin
    )


@pytest.fixture(params=["openai_compatible", "mistral", "deepseek"])
def vendor(request: pytest.FixtureRequest) -> Vendor:
    """Each vendor of OpenAI's format in turn."""
    if request.param == "openai_compatible":
        return Vendor(request.getfixturevalue("provider"), request.getfixturevalue("standin"))
    found: Vendor = request.getfixturevalue(request.param)
    return found


def ask(*contents: str, language: str = "ru", sections: tuple[Section, ...] = ()) -> Prompt:
    """Build a prompt from what user and assistant said in turn."""
    roles = (Role.USER, Role.ASSISTANT)
    turns = tuple(Turn(roles[place % 2], content) for place, content in enumerate(contents))
    return Prompt(sections, turns, language=language)


def persona(text: str = "Вы — дворецкий.") -> Section:
    return Section(SectionKind.PERSONA, text)


def read_stream(provider: ChatCompletionsProvider, question: str = "?", **options: float) -> str:
    with provider.stream(ask(question), **options) as stream:  # type: ignore[arg-type]
        return "".join(stream)
