from __future__ import annotations

import threading

import pytest

from llm.catalogue import (
    CHOICE_MAX_CHARS,
    KEPT_S,
    PAUSE_AFTER_FAILURE_S,
    Catalogue,
    build_key,
    write_choice,
)
from llm.errors import LLMError, Unavailable
from llm.providers.base import ModelDescription
from llm.providers.openai_compatible import OpenAICompatibleProvider
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.providers import ScriptedProvider


class Listing(ScriptedProvider):
    """Offers `offered`, or fails with it; counts how often it was asked; `gate` holds an answer back."""

    def __init__(self, name: str, *offered: str) -> None:
        super().__init__("Извольте.")
        self.name = name
        self.offered: tuple[str, ...] | LLMError = offered
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def list_models(self) -> list[ModelDescription]:
        self.asked += 1
        self.gate.wait(10)
        if isinstance(self.offered, LLMError):
            raise self.offered
        return [ModelDescription(model, self.name) for model in self.offered]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def open_catalogue(*providers: Listing, clock: Clock | None = None, wait_s: float = 10) -> Catalogue:
    by_name = {provider.name: provider for provider in providers}
    return Catalogue(by_name, house=providers[0].name, clock=clock or Clock(), wait_s=wait_s)


def list_choices(catalogue: Catalogue) -> list[str]:
    return [write_choice(model) for model in catalogue.list_models()]


def test_the_models_of_all_providers_are_listed_the_houses_own_first():
    catalogue = open_catalogue(Listing("zeta", "b", "A"), Listing("alpha", "qwen:7b"))

    assert list_choices(catalogue) == ["zeta:A", "zeta:b", "alpha:qwen:7b"]


def test_a_list_is_kept_for_a_while_and_then_read_anew():
    provider, clock = Listing("here", "old"), Clock()
    catalogue = open_catalogue(provider, clock=clock)
    catalogue.list_models()
    provider.offered = ("new",)

    clock.now += KEPT_S - 1
    assert (list_choices(catalogue), provider.asked) == (["here:old"], 1)
    clock.now += 1
    assert (list_choices(catalogue), provider.asked) == (["here:new"], 2)


@pytest.mark.parametrize("trouble", [Unavailable("gone", provider="here"), ()])
def test_a_provider_in_trouble_keeps_its_list_and_is_asked_again_soon(trouble: LLMError | tuple[str, ...]):
    provider, clock = Listing("here", "one"), Clock()
    catalogue = open_catalogue(provider, clock=clock)
    catalogue.list_models()
    provider.offered = trouble

    clock.now += KEPT_S
    assert list_choices(catalogue) == ["here:one"]
    clock.now += PAUSE_AFTER_FAILURE_S - 1
    assert (list_choices(catalogue), provider.asked) == (["here:one"], 2)
    clock.now += 1
    catalogue.list_models()
    assert provider.asked == 3


def test_names_that_nobody_could_choose_are_left_out():
    catalogue = open_catalogue(Listing("here", "", " \u200b", "x" * CHOICE_MAX_CHARS, "one", "one"))

    assert list_choices(catalogue) == ["here:one"]


def test_without_a_choice_the_house_answers_and_no_list_is_read():
    provider = Listing("here", "one")

    choice = open_catalogue(provider).find_choice("")

    assert (choice.provider, choice.model, choice.is_vanished) == (provider, None, False)
    assert provider.asked == 0


def test_a_chosen_model_answers_at_its_own_provider():
    house, other = Listing("house", "one"), Listing("other", "qwen:7b")
    catalogue = open_catalogue(house, other)
    catalogue.list_models()

    choice = catalogue.find_choice("other:qwen:7b")

    assert (choice.provider, choice.model, choice.is_vanished) == (other, "qwen:7b", False)


@pytest.mark.parametrize("choice", ["house:gone", "elsewhere:one", "one", "house:", ":"])
def test_the_house_steps_in_for_what_has_vanished(choice: str):
    house = Listing("house", "one")
    catalogue = open_catalogue(house)
    catalogue.list_models()

    found = catalogue.find_choice(choice)

    assert (found.provider, found.model, found.is_vanished) == (house, None, True)


def test_an_answer_waits_for_no_list_and_believes_what_it_cannot_know():
    provider = Listing("here", "one")
    provider.gate.clear()
    catalogue = open_catalogue(provider)

    choices = [catalogue.find_choice("here:unheard-of") for _ in range(5)]

    assert {choice.model for choice in choices} == {"unheard-of"}
    provider.gate.set()
    assert (list_choices(catalogue), provider.asked) == (["here:one"], 1)
    assert catalogue.find_choice("here:unheard-of").is_vanished


def test_who_asks_for_the_list_waits_only_so_long():
    slow = Listing("slow", "one")
    slow.gate.clear()

    assert open_catalogue(slow, wait_s=0).list_models() == []
    slow.gate.set()


def test_many_threads_read_a_list_once():
    provider = Listing("here", "one")
    provider.gate.clear()
    catalogue = open_catalogue(provider)
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(list_choices(catalogue))) for _ in range(16)]
    for thread in threads:
        thread.start()
    provider.gate.set()
    for thread in threads:
        thread.join()

    assert (found, provider.asked) == ([["here:one"]] * 16, 1)


def test_the_list_of_an_endpoint_is_read(standin: LLMStandIn, provider: OpenAICompatibleProvider):
    catalogue = Catalogue({provider.name: provider}, house=provider.name)

    assert list_choices(catalogue) == ["openai_compatible:standin-72b", "openai_compatible:standin-7b"]


def test_a_key_is_short_and_tells_choices_apart():
    keys = {build_key(f"here:{'x' * 150}{number}") for number in range(1000)}

    assert len(keys) == 1000
    assert {len(key) for key in keys} == {16}
