"""What models there are to choose from, and who answers somebody who has chosen one.

A choice is `<provider>:<model>`; the empty one leaves it to the house. The lists are those of the last refresh, as
the database holds them; each process keeps what it has read for a moment, so that an answer costs no query and never
waits for a provider. A provider in trouble keeps the list it had, marked stale.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import structlog

from llm.catalogue_lists import KnownList, read_lists
from llm.catalogue_refresh import Differences, NamedModel, Tell, refresh_lists
from llm.providers.base import ModelDescription, Provider
from llm.registry import DEFAULT_SETTING, FALLBACK_SETTING, configured_registry
from llm.route import SEPARATOR, Candidate, Route

log = structlog.get_logger(__name__)

ROUTE_KEPT_S = 60.0  # how long an answer goes by lists that another process may have changed
LIST_KEPT_S = 3.0  # who turns the pages of /model has them read once or twice
ASK_TIMEOUT_S = 10.0  # a provider that takes longer to tell its models has failed
FIRST_ASK_TIMEOUT_S = 5.0  # as long as somebody looks at «typing…» without a doubt
PAUSE_S = 60.0  # nobody's list changes faster
POLL_S = 0.1
KEY_BYTES = 8  # twice as many characters on a button; among a thousand models none is taken for another


def tell_nobody(_differences: Differences) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look into the database has shown, and what follows for those who have not chosen."""

    lists: Mapping[str, KnownList]
    house: Candidate
    fallback: tuple[Candidate, ...]
    looked_at: float


class Catalogue:
    """The lists of some providers, safe to share between threads; `house` answers by default, then `fallback`."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        *,
        house: Candidate,
        fallback: Sequence[Candidate] = (),
        clock: Callable[[], float] = time.monotonic,
        wait_s: float = FIRST_ASK_TIMEOUT_S,
    ) -> None:
        first = house.provider.name
        self._providers = {name: providers[name] for name in sorted(providers, key=lambda n: (n != first, n))}
        self._house = NamedModel(DEFAULT_SETTING, house)
        self._fallback = tuple(NamedModel(FALLBACK_SETTING, candidate) for candidate in fallback)
        self._clock = clock
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._look: _Look | None = None
        self._logged: set[NamedModel] = set()

    def list_models(self, *, tell: Tell = tell_nobody) -> list[ModelDescription]:
        """Return what can be chosen, the house's own provider first."""
        return [model for known in self.read_lists(tell=tell) for model in _sort(known.models.values())]

    def read_lists(self, *, tell: Tell = tell_nobody) -> list[KnownList]:
        """Return every provider's list, the house's own first; who has never told is asked, for `wait_s` seconds."""
        lists = self._look_up(LIST_KEPT_S).lists
        unread = [name for name, known in lists.items() if not known.is_read]
        if unread:
            lists = self._ask_first(unread, tell)
        return list(lists.values())

    def find_route(self, choice: str) -> Route:
        """Return who is asked for somebody with this choice, and who after them.

        Never waits for a provider: of a list that was never read it is believed that it has the model.
        """
        look = self._look_up(ROUTE_KEPT_S)
        if not choice:
            return Route(look.house, look.house, look.fallback)
        chosen = self._find_chosen(choice, look)
        if chosen is None:  # unless it has appeared since that look
            look = self._look_up(0)
            chosen = self._find_chosen(choice, look)
        return Route(chosen or look.house, look.house, look.fallback, is_vanished=chosen is None)

    def refresh(
        self,
        *,
        only: Collection[str] | None = None,
        timeout_s: float = ASK_TIMEOUT_S,
        pause_s: float = PAUSE_S,
        tell: Tell = tell_nobody,
    ) -> Differences:
        """Ask for the models anew, all providers unless some are named; as `refresh_lists` does."""
        differences = refresh_lists(
            self._providers,
            only=[name for name in self._providers if only is None or name in only],
            named=(self._house, *self._fallback),
            timeout_s=timeout_s,
            pause_s=pause_s,
            tell=tell,
        )
        self._look_up(0)
        return differences

    def _ask_first(self, unread: Sequence[str], tell: Tell) -> Mapping[str, KnownList]:
        """Ask who has never told, and wait for those whom another process is asking for the first time."""
        give_up_at = time.monotonic() + self._wait_s
        self.refresh(only=unread, timeout_s=self._wait_s, tell=tell)
        while True:
            lists = self._look_up(0).lists
            is_complete = not any(lists[name].is_unasked for name in unread)
            if is_complete or time.monotonic() >= give_up_at:
                return lists
            time.sleep(POLL_S)

    def _find_chosen(self, choice: str, look: _Look) -> Candidate | None:
        name, _, model = choice.partition(SEPARATOR)
        if name not in self._providers or not model:
            return None
        known = look.lists[name]
        if known.is_read and model not in known.models:
            return None
        return Candidate(self._providers[name], model, known.models.get(model))

    def _look_up(self, kept_s: float) -> _Look:
        """Return the lists as they were `kept_s` seconds ago at the earliest. One thread reads, others wait for it."""
        with self._lock:
            if self._look is None or self._clock() - self._look.looked_at >= kept_s:
                self._look = self._read()
            return self._look

    def _read(self) -> _Look:
        looked_at = self._clock()
        lists = read_lists(self._providers)
        missing = {named for named in (self._house, *self._fallback) if named.is_missing_in(lists)}
        for named in missing - self._logged:
            log.warning("configured model not listed", setting=named.setting, model=named.choice)
        self._logged |= missing
        fallback = [named.candidate for named in self._fallback if named not in missing]
        return _Look(
            lists,
            _describe(self._house.candidate, lists),
            tuple(_describe(candidate, lists) for candidate in fallback),
            looked_at,
        )


def list_models(*, tell: Tell = tell_nobody) -> list[ModelDescription]:
    """Return what can be chosen in this house, as `Catalogue.list_models`."""
    return configured_catalogue().list_models(tell=tell)


def read_known_lists(*, tell: Tell = tell_nobody) -> list[KnownList]:
    """Return every configured provider's list, as `Catalogue.read_lists`."""
    return configured_catalogue().read_lists(tell=tell)


def find_route(choice: str) -> Route:
    """Return who is asked for somebody with this choice, and who after them. Never waits for a provider."""
    return configured_catalogue().find_route(choice)


def refresh_models(
    *, only: Collection[str] | None = None, pause_s: float = PAUSE_S, tell: Tell = tell_nobody
) -> Differences:
    """Ask every configured provider for its models, or those of them in `only`, as `Catalogue.refresh`."""
    return configured_catalogue().refresh(only=only, pause_s=pause_s, tell=tell)


def write_choice(model: ModelDescription) -> str:
    return f"{model.provider}{SEPARATOR}{model.id}"


def read_model_name(choice: str) -> str:
    """Return what a chosen model is called at its provider."""
    return choice.partition(SEPARATOR)[2]


def build_key(choice: str) -> str:
    """Return what stands for a choice where there is no room for it: on a button."""
    return hashlib.blake2s(choice.encode(), digest_size=KEY_BYTES).hexdigest()


def _describe(candidate: Candidate, lists: Mapping[str, KnownList]) -> Candidate:
    known = lists[candidate.provider.name]
    return replace(candidate, description=known.models.get(candidate.model_name))


def _sort(models: Iterable[ModelDescription]) -> list[ModelDescription]:
    return sorted(models, key=lambda model: (model.id.casefold(), model.id))


@cache
def configured_catalogue() -> Catalogue:
    """Return the process's catalogue; `configured_catalogue.cache_clear()` forgets it."""
    registry = configured_registry()
    return Catalogue(registry.all_providers(), house=registry.house, fallback=registry.fallback)
