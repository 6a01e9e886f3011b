"""Which providers there are, from configuration alone.

Every module of `llm.providers` with a function `build_provider(lookup)` is a provider: adding a vendor is
adding one file; what vendors share lives in a package beside them. The function raises `MissingSetting` when
the configuration does not ask for the vendor, `InvalidSetting` when it asks wrongly. The module loads its SDK
no earlier than the first call, so that the web process never pays for it.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from typing import cast

import structlog

from llm import providers
from llm.errors import UnknownProvider
from llm.providers.base import MissingSetting, Provider, SettingLookup

DEFAULT_ORDER = ("openai_compatible", "offline")

BuildProvider = Callable[[SettingLookup], Provider]

log = structlog.get_logger(__name__)


class Registry:
    """The configured providers, built on first use and kept."""

    def __init__(self, lookup: SettingLookup) -> None:
        self._lookup = lookup
        self._lock = threading.Lock()
        self._providers: dict[str, Provider] | None = None

    def all_providers(self) -> dict[str, Provider]:
        """Return every configured provider by name."""
        with self._lock:
            if self._providers is None:
                self._providers = {provider.name: provider for provider in self._build_all()}
            return self._providers

    def get_provider(self, name: str | None = None) -> Provider:
        """Return one provider, the default without a name. Raises `UnknownProvider`."""
        configured = self.all_providers()
        wanted = name or next(default for default in DEFAULT_ORDER if default in configured)
        if wanted not in configured:
            raise UnknownProvider(wanted)
        return configured[wanted]

    def _build_all(self) -> Iterator[Provider]:
        for vendor, build in _discover_builders():
            try:
                yield build(self._lookup)
            except MissingSetting as missing:
                log.info("llm provider left out", provider=vendor, missing_setting=missing.setting)


def check_configuration() -> None:
    """Raise `InvalidSetting` for a provider's setting that cannot be used; nothing is kept and nothing logged."""
    for _, build in _discover_builders():
        with suppress(MissingSetting):
            build(_look_up_setting)


def get_provider(name: str | None = None) -> Provider:
    """Return a provider of this process's configuration. Raises `UnknownProvider`."""
    return configured_registry().get_provider(name)


@cache
def configured_registry() -> Registry:
    """Return the process's registry; `configured_registry.cache_clear()` forgets it."""
    return Registry(_look_up_setting)


def _look_up_setting(name: str, default: str = "") -> str:
    from django.conf import settings  # noqa: PLC0415  # `llm` is usable without Django

    value = getattr(settings, name, None)
    return default if value in (None, "") else str(value)


def _discover_builders() -> Iterator[tuple[str, BuildProvider]]:
    for module_info in pkgutil.iter_modules(providers.__path__):
        module = importlib.import_module(f"{providers.__name__}.{module_info.name}")
        if hasattr(module, "build_provider"):
            yield module_info.name, cast("BuildProvider", module.build_provider)
