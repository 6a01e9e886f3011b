"""The catalogue: what providers tell is kept, compared and found again, whoever fails and whoever is killed."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from llm.catalogue import (
    LIST_KEPT_S,
    ROUTE_KEPT_S,
    Catalogue,
    build_key,
    write_choice,
)
from llm.catalogue_lists import KnownList, claim, store_failure, store_list
from llm.catalogue_refresh import CHOICE_MAX_CHARS, Change, Differences, ask_providers, is_any_there
from llm.errors import LLMError, Unavailable
from llm.models import CatalogueModel, ProviderState
from llm.providers.base import ModelDescription
from llm.providers.openai_compatible import OpenAICompatibleProvider
from llm.route import Candidate
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import PATIENCE_S, wait_until
from tests.harness.providers import ScriptedProvider

pytestmark = pytest.mark.django_db

GONE = Unavailable("gone", provider="here")


class Listing(ScriptedProvider):
    """Offers `offered`, or fails with it; counts how often it was asked; `gate` holds an answer back."""

    def __init__(self, name: str, *offered: str | ModelDescription, model: str = "") -> None:
        super().__init__("Извольте.")
        self.name = name
        self.default_model = model
        self.offered: Sequence[str | ModelDescription] | Exception = offered
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def list_models(self) -> list[ModelDescription]:
        self.asked += 1
        self.gate.wait(PATIENCE_S)
        if isinstance(self.offered, Exception):
            raise self.offered
        return [
            ModelDescription(model, self.name) if isinstance(model, str) else model for model in self.offered
        ]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def open_catalogue(*providers: Listing, fallback: Sequence[Candidate] = (), **options: Any) -> Catalogue:
    by_name = {provider.name: provider for provider in providers}
    options = {"house": Candidate(providers[0]), "clock": Clock(), "wait_s": PATIENCE_S, **options}
    return Catalogue(by_name, fallback=fallback, **options)


def refresh(catalogue: Catalogue, **options: Any) -> Differences:
    """Refresh without waiting for the pause to pass."""
    return catalogue.refresh(**{"pause_s": 0, **options})


def list_choices(catalogue: Catalogue) -> list[str]:
    return [write_choice(model) for model in catalogue.list_models()]


def test_the_models_of_all_providers_are_listed_the_houses_own_first() -> None:
    catalogue = open_catalogue(Listing("zeta", "b", "A"), Listing("alpha", "qwen:7b"))

    assert list_choices(catalogue) == ["zeta:A", "zeta:b", "alpha:qwen:7b"]


def test_a_first_list_is_told_as_a_number_and_later_ones_by_what_has_changed() -> None:
    provider = Listing("here", "old", "lasting")
    catalogue = open_catalogue(provider)

    (first,) = refresh(catalogue).news
    unchanged = refresh(catalogue)
    provider.offered = ("new", "lasting")
    (second,) = refresh(catalogue).news
    provider.offered = ("new", "lasting", "old")
    (third,) = refresh(catalogue).news

    assert (first.is_first, first.count, first.appeared) == (True, 2, ())
    assert (len(unchanged.asked), unchanged.news) == (1, ())
    assert (second.is_first, second.appeared, second.vanished) == (False, ("new",), ("old",))
    assert (third.appeared, third.vanished, third.count) == (("old",), (), 3)
    assert list_choices(catalogue) == ["here:lasting", "here:new", "here:old"]


def test_a_list_is_written_once_and_keeps_its_dates() -> None:
    provider = Listing("here", *(f"model-{number}" for number in range(300)))
    catalogue = open_catalogue(provider)
    refresh(catalogue)
    provider.offered = (ModelDescription("model-0", "here", context_tokens=4096, supports_images=True),)

    refresh(catalogue)
    refresh(catalogue)

    assert CatalogueModel.objects.count() == 300
    kept = CatalogueModel.objects.get(model_id="model-0")
    assert (kept.context_tokens, kept.supports_images, kept.supports_files) == (4096, True, None)
    gone = CatalogueModel.objects.get(model_id="model-1")
    assert kept.first_seen_at == gone.first_seen_at
    assert gone.vanished_at is not None
    assert (
        gone.vanished_at < ProviderState.objects.get().refreshed_at
    )  # the last refresh found nothing to write


@pytest.mark.parametrize(
    ("trouble", "failure"), [(GONE, "unavailable"), ((), "no_models"), (KeyError("odd"), "error")]
)
def test_a_provider_in_trouble_keeps_its_list_marked_stale_and_is_told_of_once(
    trouble: Sequence[str] | Exception, failure: str
) -> None:
    provider, other = Listing("here", "one"), Listing("other", "two")
    catalogue = open_catalogue(provider, other)
    refresh(catalogue)
    provider.offered = trouble

    (failing,) = refresh(catalogue).news
    still_failing = refresh(catalogue).news

    assert (failing.provider, failing.failure, failing.begins_to_fail) == ("here", failure, True)
    assert (failing.count, failing.vanished, still_failing) == (1, (), ())
    assert list_choices(catalogue) == ["here:one", "other:two"]
    assert [known.is_stale for known in catalogue.read_lists()] == [True, False]
    provider.offered = ("one", "three")
    (back,) = refresh(catalogue).news
    assert (back.is_back, back.appeared, back.failure) == (True, ("three",), "")
    assert not any(known.is_stale for known in catalogue.read_lists())


def test_a_provider_that_takes_too_long_fails_alone() -> None:
    slow, quick = Listing("slow", "one"), Listing("quick", "two")
    slow.gate.clear()

    answers = ask_providers([slow, quick], timeout_s=3)

    slow.gate.set()
    assert answers == {"slow": "timed_out", "quick": [ModelDescription("two", "quick")]}


def test_one_that_answers_is_enough_and_nobody_is_waited_for_without_end() -> None:
    silent, failing, there = Listing("silent", "one"), Listing("failing"), Listing("there", "one")
    silent.gate.clear()
    failing.offered = GONE

    assert is_any_there([silent, failing, there], timeout_s=PATIENCE_S)
    assert not is_any_there([silent, failing], timeout_s=0.05)
    silent.gate.set()


def test_of_two_refreshes_at_once_one_asks_and_tells() -> None:
    provider = Listing("here", "one")
    mine, theirs = open_catalogue(provider), open_catalogue(provider)
    told: list[tuple[Change, ...]] = []

    differences = mine.refresh(tell=lambda _: told.append(theirs.refresh().asked))

    assert (provider.asked, len(differences.asked), told) == (1, 1, [()])
    assert theirs.refresh().asked == ()  # within the minute


def test_a_refresh_that_is_killed_is_told_again_in_the_same_words() -> None:
    provider = Listing("here", "one")
    catalogue = open_catalogue(provider)
    refresh(catalogue)
    provider.offered = ("two",)
    told: list[tuple[Change, ...]] = []

    def die(differences: Differences) -> None:
        told.append(differences.news)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        refresh(catalogue, tell=die)

    assert refresh(catalogue).news == told[0] != ()


def test_what_a_slow_refresh_brings_does_not_overwrite_a_later_one() -> None:
    slow = claim("here", pause_s=60)
    assert slow
    wait_until(lambda: timezone.now() - slow > timedelta(milliseconds=1), what="the next millisecond")
    quick = claim("here", pause_s=0)
    assert quick
    store_list(KnownList(provider="here"), {"one": ModelDescription("one", "here")}, asked_at=quick)

    store_failure("here", "unavailable", asked_at=slow)

    state = ProviderState.objects.get()
    assert (state.failure, state.is_stale) == ("", False)


def test_some_providers_are_asked_alone_and_unknown_ones_not_at_all() -> None:
    here, there = Listing("here", "one"), Listing("there", "two")

    differences = open_catalogue(here, there).refresh(only=["there", "elsewhere"])

    assert [change.provider for change in differences.asked] == ["there"]
    assert (here.asked, list(differences.lists)) == (0, ["here", "there"])


def test_names_that_nobody_could_choose_are_left_out() -> None:
    catalogue = open_catalogue(
        Listing("here", "", " \u200b", "x" * CHOICE_MAX_CHARS, "half\ud83d", "one", "one")
    )

    assert list_choices(catalogue) == ["here:one"]


@pytest.mark.parametrize("context_tokens", [-1, 0, 10**30])
def test_a_context_that_cannot_be_is_not_believed(context_tokens: int) -> None:
    catalogue = open_catalogue(Listing("here", ModelDescription("one", "here", context_tokens)))

    assert catalogue.list_models() == [ModelDescription("one", "here", None)]


def test_who_was_never_asked_is_asked_when_somebody_wants_to_choose() -> None:
    provider = Listing("here", "one")
    told: list[Differences] = []

    models = open_catalogue(provider).list_models(tell=told.append)
    again = list_choices(open_catalogue(provider))

    assert [model.id for model in models] == ["one"]
    assert (again, provider.asked, len(told)) == (["here:one"], 1, 1)


def test_who_has_never_told_is_asked_again_a_minute_later() -> None:
    provider = Listing("here")
    provider.offered = GONE
    catalogue = open_catalogue(provider)
    assert list_choices(catalogue) == []
    provider.offered = ("one",)

    assert list_choices(catalogue) == []
    ProviderState.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    assert (list_choices(catalogue), provider.asked) == (["here:one"], 2)


def test_who_wants_to_choose_waits_only_so_long() -> None:
    slow = Listing("slow", "one")
    slow.gate.clear()
    assert open_catalogue(slow, wait_s=0.1).list_models() == []
    slow.gate.set()

    claim("busy", pause_s=60)  # somebody else is asking
    busy = Listing("busy", "two")
    assert open_catalogue(busy, wait_s=0.1).list_models() == []
    assert busy.asked == 0


def test_a_process_learns_of_anothers_refresh_after_a_moment() -> None:
    provider, clock = Listing("here", "old"), Clock()
    mine, theirs = open_catalogue(provider, clock=clock), open_catalogue(provider)
    mine.list_models()
    provider.offered = ("new",)
    refresh(theirs)

    assert list_choices(mine) == ["here:old"]
    clock.now += LIST_KEPT_S
    assert list_choices(mine) == ["here:new"]


def test_without_a_choice_the_house_answers_by_what_was_read_a_minute_ago() -> None:
    described = ModelDescription("one", "here", context_tokens=4096)
    provider, clock = Listing("here", described, model="one"), Clock()
    catalogue = open_catalogue(provider, clock=clock)
    refresh(catalogue)
    CatalogueModel.objects.update(context_tokens=8192)

    early = catalogue.find_route("")
    clock.now += ROUTE_KEPT_S
    late = catalogue.find_route("")

    assert (early.first, early.is_vanished) == (Candidate(provider, None, described), False)
    assert early.first is early.house
    assert late.house.capabilities.context_tokens == 8192
    assert provider.asked == 1


def test_a_chosen_model_is_asked_at_its_own_provider_with_what_is_known_of_it() -> None:
    described = ModelDescription("qwen:7b", "other", supports_images=True)
    house, other = Listing("house", "one"), Listing("other", described)
    catalogue = open_catalogue(house, other)
    refresh(catalogue)

    route = catalogue.find_route("other:qwen:7b")

    assert route.first == Candidate(other, "qwen:7b", described)
    assert (route.house.provider, route.is_vanished) == (house, False)


@pytest.mark.parametrize("choice", ["house:gone", "elsewhere:one", "one", "house:", ":"])
@pytest.mark.parametrize("is_stale", [False, True])
def test_the_house_steps_in_for_what_has_vanished(choice: str, is_stale: bool) -> None:
    house = Listing("house", "one")
    catalogue = open_catalogue(house)
    refresh(catalogue)
    if is_stale:
        house.offered = GONE
        refresh(catalogue)

    route = catalogue.find_route(choice)

    assert (route.first, route.is_vanished) == (route.house, True)


def test_an_answer_waits_for_no_list_and_believes_what_it_cannot_know() -> None:
    provider = Listing("here", "one")
    catalogue = open_catalogue(provider)

    route = catalogue.find_route("here:unheard-of")

    assert (route.first, route.is_vanished) == (Candidate(provider, "unheard-of"), False)
    assert provider.asked == 0


def test_what_has_appeared_since_the_last_look_has_not_vanished() -> None:
    provider = Listing("here", "one")
    mine, theirs = open_catalogue(provider), open_catalogue(provider)
    refresh(mine)
    provider.offered = ("one", "two")
    refresh(theirs)

    assert not mine.find_route("here:two").is_vanished


def test_what_a_setting_names_in_vain_is_told_and_left_out_of_the_fallback() -> None:
    house, other = Listing("house", "one"), Listing("other", "two")
    named = (Candidate(other, "three"), Candidate(other), Candidate(other, "two"), Candidate(house, "four"))
    catalogue = open_catalogue(house, other, house=Candidate(house, "zero"), fallback=named)

    with capture_logs() as logs:
        unknown = catalogue.find_route("")
        differences = refresh(catalogue)
        routes = [catalogue.find_route("") for _ in range(3)]
        refresh(catalogue)

    assert unknown.fallback == named
    missing = [("LLM_DEFAULT", "house:zero"), ("LLM_FALLBACK", "other:three"), ("LLM_FALLBACK", "house:four")]
    assert [(one.setting, one.choice) for one in differences.missing] == missing
    assert [candidate.model for candidate in routes[0].fallback] == [None, "two"]
    assert routes[0].house.model == "zero"  # somebody has to answer
    logged = [(log["setting"], log["model"]) for log in logs if log["event"] == "configured model not listed"]
    assert sorted(logged) == sorted(missing)

    other.offered = LLMError("odd", provider="other")
    refresh(catalogue)
    assert [one.choice for one in refresh(catalogue).missing] == ["house:zero", "house:four"]
    assert [candidate.model for candidate in catalogue.find_route("").fallback] == ["three", None, "two"]


def test_the_list_of_an_endpoint_is_read(standin: LLMStandIn, provider: OpenAICompatibleProvider) -> None:
    catalogue = Catalogue({provider.name: provider}, house=Candidate(provider), wait_s=PATIENCE_S)

    assert list_choices(catalogue) == ["openai_compatible:standin-72b", "openai_compatible:standin-7b"]


def test_a_day_later_a_provider_may_be_asked_again() -> None:
    assert claim("here", pause_s=60)
    assert claim("here", pause_s=60) is None
    ProviderState.objects.update(asked_at=timezone.now() - timedelta(days=1))

    assert claim("here", pause_s=60)


def test_a_key_is_short_and_tells_choices_apart() -> None:
    keys = {build_key(f"here:{'x' * 150}{number}") for number in range(1000)}

    assert len(keys) == 1000
    assert {len(key) for key in keys} == {16}
