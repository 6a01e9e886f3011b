"""Any endpoint that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, LM Studio, OpenRouter, OpenAI itself.

One is configured by `LLM_API_URL`; more side by side by their names in `LLM_ENDPOINTS`, each a provider of its own.
"""

from __future__ import annotations

import pkgutil
import re
from collections import Counter

from llm import providers
from llm.provider_settings import (
    InvalidSetting,
    Limits,
    MissingSetting,
    SettingLookup,
    read_count,
    read_flag,
    read_key,
    read_limits,
    read_url,
)
from llm.providers.base import Capabilities, Provider
from llm.providers.openai_format.client import ChatCompletionsProvider

CONTEXT_TOKENS = 32_768  # of Qwen2.5-7B, the model recommended for a first installation
ENDPOINTS_SETTING = "LLM_ENDPOINTS"
ENDPOINT_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class OpenAICompatibleProvider(ChatCompletionsProvider):
    """What the operator says of the endpoint holds where its list of models says nothing."""

    name = "openai_compatible"
    capabilities = Capabilities(context_tokens=CONTEXT_TOKENS)


def build_providers(lookup: SettingLookup) -> list[Provider]:
    limits = read_limits(lookup)
    names = _read_names(lookup)
    own_url = read_url(lookup, "LLM_API_URL")
    if not (own_url or names):
        raise MissingSetting("LLM_API_URL")
    named: list[Provider] = [_build_named(lookup, name, limits=limits) for name in names]
    if not own_url:
        return named
    context_tokens = read_count(lookup, "LLM_CONTEXT_TOKENS")
    return [_build(lookup, "LLM", url=own_url, context_tokens=context_tokens, limits=limits), *named]


def _read_names(lookup: SettingLookup) -> list[str]:
    names = [name.strip() for name in lookup("LLM_ENDPOINTS", "").split(",") if name.strip()]
    taken = {module.name for module in pkgutil.iter_modules(providers.__path__)}
    for name, count in Counter(names).items():
        if not ENDPOINT_NAME.fullmatch(name):
            raise InvalidSetting(
                ENDPOINTS_SETTING, f"{name!r} is no name: small letters, digits and _, at most 31"
            )
        if name in taken or count > 1:
            raise InvalidSetting(ENDPOINTS_SETTING, f"the name {name!r} is taken")
    return names


def _build_named(lookup: SettingLookup, name: str, *, limits: Limits) -> Provider:
    prefix = f"LLM_{name.upper()}"
    url = read_url(lookup, f"{prefix}_API_URL")
    if not url:
        raise InvalidSetting(f"{prefix}_API_URL", f"it must be set, for {ENDPOINTS_SETTING} names {name!r}")
    context_tokens = read_count(lookup, f"{prefix}_CONTEXT_TOKENS")
    return _build(lookup, prefix, url=url, context_tokens=context_tokens, limits=limits, name=name)


def _build(
    lookup: SettingLookup,
    prefix: str,
    *,
    url: str,
    context_tokens: int | None,
    limits: Limits,
    name: str = "",
) -> Provider:
    supports_images = read_flag(lookup, f"{prefix}_SUPPORTS_IMAGES")
    capabilities = Capabilities(
        supports_images=supports_images, context_tokens=context_tokens or CONTEXT_TOKENS
    )
    return OpenAICompatibleProvider(
        url=url,
        api_key=read_key(lookup, f"{prefix}_API_KEY"),
        model=lookup(f"{prefix}_MODEL", ""),
        name=name,
        capabilities=capabilities,
        limits=limits,
    )
