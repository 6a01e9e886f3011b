"""Who is asked, and who after them: the models that may answer one question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llm.provider_settings import InvalidSetting
from llm.providers.base import Capabilities, ModelDescription, Provider

SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that may be asked; without `model` the provider's own. `description` is what the vendor said of it."""

    provider: Provider
    model: str | None = None
    description: ModelDescription | None = None

    @property
    def model_name(self) -> str:
        """What the model is called at its provider; empty if only the provider knows."""
        return self.model or self.provider.default_model

    @property
    def capabilities(self) -> Capabilities:
        if self.description is None:
            return self.provider.capabilities
        return self.description.capabilities_within(self.provider.capabilities)


@dataclass(frozen=True, slots=True)
class Route:
    """The order in which models are asked.

    `first` is the person's choice, or else the house's own; `house` steps in for a chosen model that is not there any
    more, `fallback` for one that gives no answer. `is_vanished`: it is known already that the choice is gone.
    """

    first: Candidate
    house: Candidate
    fallback: tuple[Candidate, ...] = ()
    is_vanished: bool = False

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Whoever may be asked, somebody perhaps twice."""
        return self.first, self.house, *self.fallback


def write_candidate(candidate: Candidate) -> str:
    """Return what `read_candidates` reads: <provider>, or <provider>:<model> where the model is known."""
    return SEPARATOR.join(filter(None, (candidate.provider.name, candidate.model_name)))


def read_candidates(
    entries: Iterable[str], providers: Mapping[str, Provider], *, setting: str
) -> tuple[Candidate, ...]:
    """Read `<provider>` or `<provider>:<model>` each. Raises `InvalidSetting` for a provider that is not configured."""
    return tuple(
        _read_candidate(entry.strip(), providers, setting=setting) for entry in entries if entry.strip()
    )


def _read_candidate(entry: str, providers: Mapping[str, Provider], *, setting: str) -> Candidate:
    name, _, model = entry.partition(SEPARATOR)
    if name not in providers:
        known = ", ".join(providers)
        msg = (
            f"{name!r} is no configured provider; each entry is <provider> or <provider>:<model> of: {known}"
        )
        raise InvalidSetting(setting, msg)
    return Candidate(providers[name], model or None)
