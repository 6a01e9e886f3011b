"""What docs/providers.md shows is run as it stands there: providers by the registry, a stand-in, its tests."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

from butler_project.embedded.discovery import PROJECT_DIR
from llm import providers
from llm.providers.base import Provider
from llm.registry import Registry
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import answer_marker
from tests.llm.conftest import KEY, ask

PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^### (.+)$", re.MULTILINE)
# Heading of a section → the module that its code is.
MODULES = {
    "A vendor that speaks chat completions": "providers/xai",
    "A vendor with a format of its own": "providers/ollama",
    "Its stand-in": "standins/ollama_standin",
    "Its tests": "standins/ollama_tests",
}
TESTS = [
    "test_an_answer_comes_whole_and_streamed",
    "test_the_models_are_listed",
    "test_every_error_is_one_of_ours",
    "test_a_stream_that_breaks_off_is_no_answer",
]


class OllamaStandIn(LLMStandIn):
    module = "ollama_standin"


class Example(NamedTuple):
    """The two providers of the page, as the registry builds them, with the stand-in and the tests of the second."""

    registry: Registry
    standin: LLMStandIn
    tests: ModuleType


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    page = (PROJECT_DIR / "docs/providers.md").read_text(encoding="utf-8")
    starts = [*SECTION.finditer(page)]
    ends = [*(following.start() for _, following in pairwise(starts)), len(page)]
    for heading, end in zip(starts, ends, strict=True):
        [code] = PYTHON_BLOCK.findall(page[heading.end() : end])
        path = folder / f"{MODULES[heading[1]]}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def example(folder: Path) -> Iterator[Example]:
    vendors, standins = folder / "providers", folder / "standins"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "__path__", [*providers.__path__, str(vendors)])
        patch.syspath_prepend(standins)
        patch.setenv("PYTHONPATH", str(standins))
        with LLMStandIn() as openai_standin, OllamaStandIn() as standin:
            settings = {
                "XAI_API_KEY": KEY,
                "XAI_API_URL": openai_standin.url,
                "OLLAMA_API_URL": standin.root,
                "OLLAMA_MODEL": "qwen2.5:7b",
            }
            registry = Registry(lambda name, default: settings.get(name) or default)
            yield Example(registry, standin, importlib.import_module("ollama_tests"))
    for name in ("xai", "ollama"):
        sys.modules.pop(f"{providers.__name__}.{name}", None)
        if hasattr(providers, name):
            delattr(providers, name)
    sys.modules.pop("ollama_tests", None)


def test_a_file_in_the_folder_makes_a_provider(example: Example):
    assert list(example.registry.all_providers()) == ["ollama", "xai", "offline"]
    assert KEY not in repr(example.registry.all_providers()["xai"])


def test_a_vendor_of_chat_completions_answers(example: Example):
    provider = example.registry.all_providers()["xai"]

    assert answer_marker("Как дела?") in provider.generate(ask("Как дела?")).text
    with provider.stream(ask("Как дела?")) as stream:
        assert answer_marker("Как дела?") in "".join(stream)


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_of_the_page_pass(example: Example, name: str):
    test: Callable[[Provider, LLMStandIn], None] = getattr(example.tests, name)
    example.standin.clear()

    test(example.registry.all_providers()["ollama"], example.standin)


def test_all_tests_of_the_page_are_run(example: Example):
    assert [name for name in vars(example.tests) if name.startswith("test_")] == TESTS
