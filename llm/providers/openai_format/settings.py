"""What all vendors of OpenAI's format are configured with."""

from __future__ import annotations

from dataclasses import dataclass

from llm.provider_settings import InvalidSetting, SettingLookup, read_count, read_seconds

CONNECT_TIMEOUT_S, TIMEOUT_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """`timeout_s` bounds the wait for the first token and between tokens, `connect_timeout_s` that for a connection.

    `max_tokens`: the longest answer that is asked for; None leaves it to the vendor.
    """

    max_tokens: int | None = None
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    timeout_s: float = TIMEOUT_S


def read_limits(lookup: SettingLookup) -> Limits:
    """Read what holds for every provider. Raises `InvalidSetting`."""
    return Limits(
        max_tokens=read_count(lookup, "LLM_MAX_ANSWER_TOKENS"),
        connect_timeout_s=read_seconds(lookup, "LLM_CONNECT_TIMEOUT_S", CONNECT_TIMEOUT_S),
        timeout_s=read_seconds(lookup, "LLM_TIMEOUT_S", TIMEOUT_S),
    )


def read_key(lookup: SettingLookup, setting: str) -> str:
    """Read a key, empty when unset. Raises `InvalidSetting` for what no HTTP header can carry; never shows it."""
    key = lookup(setting, "").strip()
    if not all("!" <= char <= "~" for char in key):
        raise InvalidSetting(setting, "it must be a key: Latin letters, digits and signs without a space")
    return key
