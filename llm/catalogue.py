"""What models there are to choose from, and who answers somebody who has chosen one.

A choice is `<provider>:<model>`; the empty one leaves it to the house. Each provider's list is kept for
`KEPT_S` and read anew by a thread in the background: an answer under way never waits for a list, who asks for
the list itself waits `WAIT_S` at most. A provider in trouble keeps the list it had.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import structlog

from llm.errors import LLMError
from llm.prompt import is_blank
from llm.providers.base import ModelDescription, Provider
from llm.registry import configured_registry, get_provider
from llm.route import Candidate, Route

log = structlog.get_logger(__name__)

KEPT_S = 600.0
PAUSE_AFTER_FAILURE_S = 60.0
WAIT_S = 5.0  # as long as somebody looks at «typing…» without a doubt
CHOICE_MAX_CHARS = 200  # what a profile holds; a model of a longer name cannot be chosen
KEY_BYTES = 8  # twice as many characters on a button; among a thousand models none is taken for another
SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers: `model` is None for the provider's own. `is_vanished`: the house steps in for what is gone."""

    provider: Provider
    model: str | None = None
    is_vanished: bool = False


@dataclass(slots=True)
class _Shelf:
    """One provider's list. `models` is None until one was read: nothing can be said to have vanished then."""

    models: list[ModelDescription] | None = None
    due_at: float = 0.0
    reading: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Catalogue:
    """The lists of some providers, safe to share between threads; `house` names the one that answers by default."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        house: str,
        clock: Callable[[], float] = time.monotonic,
        wait_s: float = WAIT_S,
    ) -> None:
        self._providers = providers
        self._house = house
        self._clock = clock
        self._wait_s = wait_s
        self._shelves = {name: _Shelf(due_at=clock()) for name in providers}

    def list_models(self) -> list[ModelDescription]:
        """Return what can be chosen, the house's own provider first; waits for lists that are due."""
        readings = [self._refresh(name) for name in self._providers]
        give_up_at = time.monotonic() + self._wait_s
        for reading in filter(None, readings):
            reading.join(max(0.0, give_up_at - time.monotonic()))
        models = [model for shelf in self._shelves.values() for model in shelf.models or []]
        return sorted(models, key=self._place)

    def find_choice(self, choice: str) -> Choice:
        """Return who answers somebody with this choice. Never waits: what is not known to be gone is there."""
        if not choice:
            return Choice(self._providers[self._house])
        name, _, model = choice.partition(SEPARATOR)
        if name not in self._providers or not model:
            return self._step_in()
        self._refresh(name)
        models = self._shelves[name].models
        if models is not None and all(known.id != model for known in models):
            return self._step_in()
        return Choice(self._providers[name], model)

    def _step_in(self) -> Choice:
        return Choice(self._providers[self._house], is_vanished=True)

    def _place(self, model: ModelDescription) -> tuple[bool, str, str]:
        return model.provider != self._house, model.provider, model.id.casefold()

    def _refresh(self, name: str) -> threading.Thread | None:
        """Have a list read that is due; return the thread that reads it, or None where there is none to wait for."""
        shelf = self._shelves[name]
        with shelf.lock:
            if shelf.reading is None and self._clock() >= shelf.due_at:
                shelf.reading = threading.Thread(
                    target=self._read, args=(name, shelf), name=f"models of {name}", daemon=True
                )
                shelf.reading.start()
            return shelf.reading

    def _read(self, name: str, shelf: _Shelf) -> None:
        models: list[ModelDescription] = []
        try:
            models = _choose_offered(self._providers[name].list_models())
        except LLMError as error:
            log.warning("models not listed", provider=name, outcome=error.outcome)
        finally:
            with shelf.lock:
                # A list without a single model is that of an endpoint in trouble, too.
                shelf.models = models or shelf.models
                shelf.due_at = self._clock() + (KEPT_S if models else PAUSE_AFTER_FAILURE_S)
                shelf.reading = None


def list_models() -> list[ModelDescription]:
    """Return what can be chosen in this house."""
    return _configured_catalogue().list_models()


def find_choice(choice: str) -> Choice:
    """Return who answers somebody with this choice, without waiting for anything."""
    return _configured_catalogue().find_choice(choice)


def find_route(choice: str) -> Route:
    """Return who is asked for somebody with this choice, and who after them. Never waits for a provider."""
    registry = configured_registry()
    found = find_choice(choice)
    first = Candidate(found.provider, found.model) if choice and not found.is_vanished else registry.house
    return Route(first, registry.house, registry.fallback, is_vanished=found.is_vanished)


def write_choice(model: ModelDescription) -> str:
    return f"{model.provider}{SEPARATOR}{model.id}"


def read_model_name(choice: str) -> str:
    """Return what a chosen model is called at its provider."""
    return choice.partition(SEPARATOR)[2]


def build_key(choice: str) -> str:
    """Return what stands for a choice where there is no room for it: on a button."""
    return hashlib.blake2s(choice.encode(), digest_size=KEY_BYTES).hexdigest()


def _choose_offered(models: list[ModelDescription]) -> list[ModelDescription]:
    """Return each model once, without those that cannot be chosen: no name, or one too long to be kept."""
    by_choice = {write_choice(model): model for model in models if not is_blank(model.id)}
    return [model for choice, model in by_choice.items() if len(choice) <= CHOICE_MAX_CHARS]


@cache
def _configured_catalogue() -> Catalogue:
    return Catalogue(configured_registry().all_providers(), house=get_provider().name)
