from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from llm.errors import BadAnswer, Unavailable
from llm.prompt import Prompt
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
    Usage,
)
from tests.llm.conftest import ask


class ScriptedProvider(Provider):
    """Says its pieces; `fails` breaks off after them."""

    capabilities = Capabilities()

    def __init__(self, name: str, pieces: tuple[str, ...], *, fails: bool = False) -> None:
        self.name = name
        self.pieces = pieces
        self.fails = fails
        self.was_released = False

    def list_models(self) -> list[ModelDescription]:
        return []

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        return Completion("".join(self.pieces), "m", self.name, Usage(1, 1, is_estimated=True))

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        try:
            yield from self.pieces
            if self.fails:
                raise Unavailable("gone", provider=self.name)
        finally:
            self.was_released = True
        return self._complete(prompt, options)


def counted(provider: str, outcome: str) -> float | None:
    return REGISTRY.get_sample_value("llm_requests_total", {"provider": provider, "outcome": outcome})


def test_a_stream_has_its_completion_only_at_its_end():
    stream = ScriptedProvider("ends", ("a", "b")).stream(ask("?"))

    assert next(stream) == "a"
    with pytest.raises(RuntimeError):
        _ = stream.completion
    assert list(stream) == ["b"]
    assert stream.completion.text == "ab"
    assert list(stream) == []
    stream.close()
    assert (counted("ends", "ok"), counted("ends", "closed")) == (1, None)


@pytest.mark.parametrize("pieces", [(), ("", " \n")])
def test_an_empty_answer_is_a_bad_one(pieces: tuple[str, ...]):
    provider = ScriptedProvider(f"empty{len(pieces)}", pieces)

    with pytest.raises(BadAnswer):
        list(provider.stream(ask("?")))
    with pytest.raises(BadAnswer):
        provider.generate(ask("?"))

    assert counted(provider.name, "bad_answer") == 2


def test_leaving_early_releases_and_is_counted():
    provider = ScriptedProvider("left", ("a", "b"))

    with provider.stream(ask("?")) as stream:
        next(stream)

    assert provider.was_released
    assert counted("left", "closed") == 1


def test_an_error_in_the_middle_is_raised_and_counted_once():
    provider = ScriptedProvider("fails", ("a",), fails=True)

    with provider.stream(ask("?")) as stream, pytest.raises(Unavailable):
        list(stream)

    assert provider.was_released
    assert (counted("fails", "unavailable"), counted("fails", "closed")) == (1, None)


def test_the_time_to_the_first_text_is_measured_once():
    list(ScriptedProvider("timed", ("", "a", "b")).stream(ask("?")))

    assert REGISTRY.get_sample_value("llm_first_token_seconds_count", {"provider": "timed"}) == 1
    assert REGISTRY.get_sample_value("llm_duration_seconds_count", {"provider": "timed"}) == 1
