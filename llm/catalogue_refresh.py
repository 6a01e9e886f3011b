"""Asking the providers for their models, and what has changed since the last time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from queue import Empty, SimpleQueue

import structlog

from llm.catalogue_lists import KnownList, claim, read_lists, store_failure, store_list
from llm.errors import LLMError, TimedOut
from llm.prompt import clean_text, is_blank
from llm.providers.base import ModelDescription, Provider
from llm.route import SEPARATOR, Candidate

log = structlog.get_logger(__name__)

CHOICE_MAX_CHARS = 200  # what a profile holds; a model of a longer name cannot be chosen
MOST_CONTEXT_TOKENS = 1_000_000_000
NO_MODELS = "no_models"  # the outcome of a list without a single model: that of an endpoint in trouble

Answer = list[ModelDescription] | str
"""A provider's models, or the outcome of asking for them."""


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A model that a setting names."""

    setting: str
    candidate: Candidate

    @property
    def choice(self) -> str:
        return f"{self.candidate.provider.name}{SEPARATOR}{self.candidate.model or ''}"

    def is_missing_in(self, lists: Mapping[str, KnownList]) -> bool:
        """Whether its provider has told, and does not name it. A stale list proves nothing."""
        known = lists[self.candidate.provider.name]
        if self.candidate.model is None or not known.is_read or known.is_stale:
            return False
        return self.candidate.model not in known.models


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What asking a provider has brought; `since` is the date of the list that it is compared with, None if none was.

    `count` models are known now. Of a first list nothing has appeared: all of it is new. `failure` is the outcome if
    the provider did not tell, `last_failure` that of the time before.
    """

    provider: str
    since: datetime | None
    count: int
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    failure: str = ""
    last_failure: str = ""

    @property
    def is_first(self) -> bool:
        return self.since is None and not self.failure

    @property
    def begins_to_fail(self) -> bool:
        return bool(self.failure) and not self.last_failure

    @property
    def is_back(self) -> bool:
        return bool(self.last_failure) and not self.failure

    @property
    def is_news(self) -> bool:
        return bool(self.appeared or self.vanished or self.is_first or self.begins_to_fail or self.is_back)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """`asked`: one change for each provider that was asked now; the others have been a moment ago, by somebody else.

    `lists` are those of all providers, as they are after it; `missing` what settings name and no provider has.
    """

    asked: tuple[Change, ...]
    lists: Mapping[str, KnownList]
    missing: tuple[NamedModel, ...] = ()

    @property
    def news(self) -> tuple[Change, ...]:
        return tuple(change for change in self.asked if change.is_news)


Tell = Callable[[Differences], object]
"""Passes differences on before they are written, such that passing them on again does no harm."""


def refresh_lists(
    providers: Mapping[str, Provider],
    *,
    only: Iterable[str],
    named: Sequence[NamedModel],
    timeout_s: float,
    pause_s: float,
    tell: Tell,
) -> Differences:
    """Ask the providers in `only`, all at once, and write what they say; the rest is read.

    Who is killed before the end has told what the next refresh will find and tell again, in the same words. A
    provider that somebody has begun to ask within `pause_s` seconds is left out: so nothing is told twice.
    """
    moments = {name: claim(name, pause_s=pause_s) for name in only}
    claimed = {name: asked_at for name, asked_at in moments.items() if asked_at is not None}
    answers = ask_providers([providers[name] for name in claimed], timeout_s=timeout_s)
    before = read_lists(providers)
    after = {**before, **{name: _renew(before[name], answers[name], claimed[name]) for name in claimed}}
    differences = Differences(
        asked=tuple(_compare(before[name], after[name]) for name in claimed),
        lists=after,
        missing=tuple(one for one in named if one.is_missing_in(after)),
    )
    tell(differences)
    for name, asked_at in claimed.items():
        _store(before[name], after[name], asked_at)
    return differences


def ask_providers(providers: Sequence[Provider], *, timeout_s: float) -> dict[str, Answer]:
    """Return what each provider offers. Who takes longer than `timeout_s` has failed."""
    found: dict[str, Answer] = {provider.name: TimedOut.outcome for provider in providers}
    found.update(_collect_answers(providers, timeout_s=timeout_s))
    return found


def is_any_there(providers: Sequence[Provider], *, timeout_s: float) -> bool:
    """Return whether one of the providers answers, as soon as one does."""
    answers = _collect_answers(providers, timeout_s=timeout_s)
    return any(answer == NO_MODELS or not isinstance(answer, str) for _, answer in answers)


def _collect_answers(providers: Sequence[Provider], *, timeout_s: float) -> Iterator[tuple[str, Answer]]:
    """Ask all providers at once, each in a thread of its own, and yield the answers as they come in time."""
    answers: SimpleQueue[tuple[str, Answer]] = SimpleQueue()
    give_up_at = time.monotonic() + timeout_s
    for provider in providers:
        arguments = (provider, answers)
        threading.Thread(
            target=_answer, args=arguments, name=f"models of {provider.name}", daemon=True
        ).start()
    for _ in providers:
        try:
            yield answers.get(timeout=max(0.0, give_up_at - time.monotonic()))
        except Empty:
            return


def _answer(provider: Provider, answers: SimpleQueue[tuple[str, Answer]]) -> None:
    answers.put((provider.name, _ask(provider)))


def _ask(provider: Provider) -> Answer:
    try:
        return _choose_offered(provider.list_models()) or NO_MODELS
    except LLMError as error:
        log.warning("models not listed", provider=provider.name, outcome=error.outcome)
        return error.outcome
    except (
        Exception
    ) as error:  # one vendor's defect leaves the others their refresh; its text may hold an address
        log.error("models not listed", provider=provider.name, error=type(error).__name__)  # noqa: TRY400
        return LLMError.outcome


def _choose_offered(models: Iterable[ModelDescription]) -> list[ModelDescription]:
    """Return each model once, without those that cannot be chosen."""
    return list({model.id: _bound_context(model) for model in models if _can_be_chosen(model)}.values())


def _can_be_chosen(model: ModelDescription) -> bool:
    """Tell whether a model has a name, and one that can be kept: neither too long nor broken."""
    is_short = len(model.provider) + len(SEPARATOR) + len(model.id) <= CHOICE_MAX_CHARS
    return is_short and not is_blank(model.id) and clean_text(model.id) == model.id


def _bound_context(model: ModelDescription) -> ModelDescription:
    """Return a model without a context that is none: what the vendor says goes into the database and into sums."""
    is_context = model.context_tokens is None or 0 < model.context_tokens <= MOST_CONTEXT_TOKENS
    return model if is_context else replace(model, context_tokens=None)


def _renew(known: KnownList, answer: Answer, asked_at: datetime) -> KnownList:
    """Return what is known of a provider after its answer."""
    if isinstance(answer, str):
        return KnownList(
            provider=known.provider, models=known.models, refreshed_at=known.refreshed_at, failure=answer
        )
    models = {model.id: model for model in answer}
    return KnownList(provider=known.provider, models=models, refreshed_at=asked_at)


def _compare(before: KnownList, after: KnownList) -> Change:
    is_comparable = before.is_read and not after.is_stale
    return Change(
        provider=after.provider,
        since=before.refreshed_at,
        count=len(after.models),
        appeared=_sort(set(after.models) - set(before.models)) if is_comparable else (),
        vanished=_sort(set(before.models) - set(after.models)) if is_comparable else (),
        failure=after.failure,
        last_failure=before.failure,
    )


def _sort(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))


def _store(before: KnownList, after: KnownList, asked_at: datetime) -> None:
    if after.is_stale:
        store_failure(after.provider, after.failure, asked_at=asked_at)
    else:
        store_list(before, after.models, asked_at=asked_at)
