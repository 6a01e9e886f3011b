"""Which providers there are, from configuration alone.

Every module of `llm.providers` with a function `build_providers(lookup)` is a vendor: adding one is adding one file;
what vendors share lives in a package beside them. The function raises `MissingSetting` when the configuration does not
ask for the vendor, `InvalidSetting` when it asks wrongly. The module loads its SDK no earlier than the first call, so
that the web process never pays for it.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from typing import cast

import structlog

from llm import providers
from llm.provider_settings import InvalidSetting, MissingSetting, SettingLookup
from llm.providers.base import Provider
from llm.route import Candidate, read_candidates

# Asked in this order when nothing else is said: one's own endpoint first, the rules without a model last.
FIRST_VENDOR, LAST_VENDOR = "openai_compatible", "offline"
DEFAULT_SETTING, FALLBACK_SETTING = "LLM_DEFAULT", "LLM_FALLBACK"
REVIEWER_SETTING = "DIGEST_REVIEWER"
VENDOR_SUFFIXES = ("API_KEY", "API_URL", "MODEL")  # one set without another tells that the vendor is wanted

BuildProviders = Callable[[SettingLookup], list[Provider]]

log = structlog.get_logger(__name__)


class Registry:
    """The configured providers, built on first use and kept."""

    def __init__(self, lookup: SettingLookup) -> None:
        self._lookup = lookup
        self._lock = threading.Lock()
        self._providers: dict[str, Provider] | None = None

    def all_providers(self) -> dict[str, Provider]:
        """Return every configured provider by name, the house's own first unless `LLM_DEFAULT` names another."""
        with self._lock:
            if self._providers is None:
                self._providers = {provider.name: provider for provider in self._build_all()}
            return self._providers

    @cached_property
    def house(self) -> Candidate:
        """Who answers when nobody has chosen: `LLM_DEFAULT`, or the first provider. Raises `InvalidSetting`."""
        chosen = self._read_named(DEFAULT_SETTING)
        return chosen[0] if chosen else Candidate(next(iter(self.all_providers().values())))

    @cached_property
    def fallback(self) -> tuple[Candidate, ...]:
        """Who is asked when the chosen model gives no answer: `LLM_FALLBACK`. Raises `InvalidSetting`."""
        return self._read_named(FALLBACK_SETTING)

    @cached_property
    def reviewer(self) -> Candidate | None:
        """Who reviews digests: `DIGEST_REVIEWER`; None: nobody. Raises `InvalidSetting`."""
        return next(iter(self._read_named(REVIEWER_SETTING)), None)

    def _read_named(self, setting: str) -> tuple[Candidate, ...]:
        return _read_named(self._lookup, setting, self.all_providers())

    def _build_all(self) -> Iterator[Provider]:
        for vendor, build in _discover_builders():
            try:
                yield from build(self._lookup)
            except MissingSetting as missing:
                log.info("llm provider left out", provider=vendor, missing_setting=missing.setting)


def check_configuration() -> dict[str, str]:
    """Return each vendor that is configured by half, and so left out, with the setting that is missing.

    Raises `InvalidSetting` for a setting that cannot be used; nothing is kept and nothing logged.
    """
    configured: dict[str, Provider] = {}
    left_out: dict[str, str] = {}
    for vendor, build in _discover_builders():
        try:
            configured |= {provider.name: provider for provider in build(look_up_setting)}
        except MissingSetting as missing:
            left_out[vendor] = missing.setting
    for setting in (DEFAULT_SETTING, FALLBACK_SETTING, REVIEWER_SETTING):
        _read_named(look_up_setting, setting, configured)
    return {vendor: setting for vendor, setting in left_out.items() if _is_meant(setting)}


def _read_named(
    lookup: SettingLookup, setting: str, configured: Mapping[str, Provider]
) -> tuple[Candidate, ...]:
    """Return the models that a setting names: several in `LLM_FALLBACK` alone. Raises `InvalidSetting`."""
    named = read_candidates(lookup(setting, "").split(","), configured, setting=setting)
    if len(named) > 1 and setting != FALLBACK_SETTING:
        raise InvalidSetting(setting, "it takes one model")
    return named


def _is_meant(missing_setting: str) -> bool:
    """Tell whether something else is set of a vendor; its variables begin alike: `LLM_` stands for one's endpoint."""
    prefix = missing_setting.removesuffix("_API_KEY").removesuffix("_API_URL")
    return any(look_up_setting(f"{prefix}_{suffix}") for suffix in VENDOR_SUFFIXES)


@cache
def configured_registry() -> Registry:
    """Return the process's registry; `configured_registry.cache_clear()` forgets it."""
    return Registry(look_up_setting)


def look_up_setting(name: str, default: str = "") -> str:
    """Return a setting as text: what `settings.py` names, else what the environment says.

    So a vendor's own variables stand in its file alone.
    """
    from django.conf import settings  # noqa: PLC0415  # providers are usable without Django

    value = getattr(settings, name, None)
    if value is None:
        value = settings.LLM_ENVIRONMENT(name)
    if isinstance(value, list):
        value = ",".join(value)
    return default if value in (None, "") else str(value)


def _discover_builders() -> Iterator[tuple[str, BuildProviders]]:
    names = {module_info.name for module_info in pkgutil.iter_modules(providers.__path__)}
    for name in sorted(names, key=lambda name: (name != FIRST_VENDOR, name == LAST_VENDOR, name)):
        module = importlib.import_module(f"{providers.__name__}.{name}")
        if hasattr(module, "build_providers"):
            yield name, cast("BuildProviders", module.build_providers)
