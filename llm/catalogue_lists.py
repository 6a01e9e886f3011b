"""The lists of models as the database holds them. Whatever is written here can be written again without harm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from llm.models import CatalogueModel, ProviderState
from llm.providers.base import ModelDescription

DESCRIBED = ("context_tokens", "supports_files", "supports_images", "supports_audio")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownList:
    """A provider's models by their ids, as of `refreshed_at`: None there if it has never told.

    `failure` is the outcome of its last refresh if that came to nothing: then the list is stale.
    """

    provider: str
    models: Mapping[str, ModelDescription] = field(default_factory=dict)
    refreshed_at: datetime | None = None
    failure: str = ""

    @property
    def is_read(self) -> bool:
        """Whether it can be said of a model that it is not there."""
        return self.refreshed_at is not None

    @property
    def is_stale(self) -> bool:
        return bool(self.failure)

    @property
    def is_unasked(self) -> bool:
        """Whether nobody has asked for it yet, or has not come back with what was found."""
        return not self.is_read and not self.failure


def read_lists(providers: Iterable[str]) -> dict[str, KnownList]:
    """Return the list of each provider, in the order of `providers`."""
    names = list(providers)
    states = {state.provider: state for state in ProviderState.objects.filter(provider__in=names)}
    models: dict[str, dict[str, ModelDescription]] = {name: {} for name in names}
    for model in _find_present(names):
        models[model.provider][model.id] = model
    return {name: _build_list(name, models[name], states.get(name)) for name in names}


def _find_present(providers: list[str]) -> Iterator[ModelDescription]:
    """Past Django, which would make objects of some hundred models for longer than the database reads them."""
    fields = dict.fromkeys(("provider", "model_id", *DESCRIBED), True)
    present = {"provider": {"$in": providers}, "vanished_at": None}
    for found in _collection(CatalogueModel).find(present, {**fields, "_id": False}):
        described = [found[name] for name in DESCRIBED]
        yield ModelDescription(found["model_id"], found["provider"], *described)


def _build_list(
    provider: str, models: Mapping[str, ModelDescription], state: ProviderState | None
) -> KnownList:
    if state is None:
        return KnownList(provider=provider)
    return KnownList(provider=provider, models=models, refreshed_at=state.refreshed_at, failure=state.failure)


def claim(provider: str, *, pause_s: float) -> datetime | None:
    """Return the moment as of which the provider may be asked; None if somebody has begun to within `pause_s` seconds.

    One update decides between two who claim at once: the second finds the first one's `asked_at`.
    """
    now = timezone.now()
    unclaimed = {"provider": provider, "asked_at": {"$not": {"$gt": now - timedelta(seconds=pause_s)}}}
    unasked = {"refreshed_at": None, "failure": ""}
    try:
        _collection(ProviderState).update_one(
            unclaimed, {"$set": {"asked_at": now}, "$setOnInsert": unasked}, upsert=True
        )
    except DuplicateKeyError:  # there is a state, and it is too young
        return None
    return now


def store_list(before: KnownList, models: Mapping[str, ModelDescription], *, asked_at: datetime) -> None:
    """Write what has changed since `before`: of a list that says the same as yesterday, nothing but that it does."""
    changed = [model for model in models.values() if before.models.get(model.id) != model]
    if changed:
        writes = [_write_model(model, asked_at) for model in changed]
        _collection(CatalogueModel).bulk_write(writes, ordered=False)
    if gone := before.models.keys() - models.keys():
        vanished = CatalogueModel.objects.filter(provider=before.provider, model_id__in=gone)
        vanished.update(vanished_at=asked_at)
    _finish(before.provider, asked_at, refreshed_at=asked_at, failure="")


def store_failure(provider: str, failure: str, *, asked_at: datetime) -> None:
    """Note that a provider has not told; its models stay."""
    _finish(provider, asked_at, failure=failure)


def _write_model(model: ModelDescription, asked_at: datetime) -> UpdateOne:
    described = {name: getattr(model, name) for name in DESCRIBED}
    return UpdateOne(
        {"provider": model.provider, "model_id": model.id},
        {
            "$set": {**described, "vanished_at": None},
            "$setOnInsert": {"first_seen_at": asked_at},
        },
        upsert=True,
    )


def _finish(provider: str, asked_at: datetime, **outcome: Any) -> None:
    """Write an outcome, unless the provider has been asked again meanwhile: that one is newer."""
    ProviderState.objects.filter(provider=provider, asked_at=asked_at).update(**outcome)


def _collection(model: type[CatalogueModel] | type[ProviderState]) -> Any:
    """Return a collection as it is, for what Django cannot say: upserts, many in one command."""
    backend: Any = connection
    return backend.get_collection(model._meta.db_table)
