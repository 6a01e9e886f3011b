"""How a provider reads its configuration: by a look-up, with errors that name the variable and never its value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

FLAGS = {"true": True, "false": False}
CONNECT_TIMEOUT_S, TIMEOUT_S = 5.0, 60.0

SettingLookup = Callable[[str, str], str]
"""`lookup(name, default)`: the value of a setting as text, `default` when it is unset or empty."""


class MissingSetting(Exception):
    """A provider's setting is not there, so the provider stays out."""

    def __init__(self, setting: str) -> None:
        super().__init__(f"{setting} is not set")
        self.setting = setting


class InvalidSetting(ValueError):
    """A provider's setting has a value that cannot be used; the start should stop with this message."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Limits:
    """`timeout_s` bounds the wait for the first token and between tokens, `connect_timeout_s` that for a connection.

    `max_tokens`: the longest answer that is asked for; None leaves it to the vendor.
    """

    max_tokens: int | None = None
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    timeout_s: float = TIMEOUT_S


def read_seconds(
    lookup: SettingLookup, setting: str, default: float, *, is_zero_allowed: bool = False
) -> float:
    """Read a positive duration in seconds. Raises `InvalidSetting`."""
    try:
        seconds = float(lookup(setting, str(default)))
    except ValueError:
        seconds = math.nan
    if is_zero_allowed and seconds == 0:
        return seconds
    if not 0 < seconds < math.inf:
        allowed = "a number of seconds, or 0" if is_zero_allowed else "a positive number of seconds"
        raise InvalidSetting(setting, f"it must be {allowed}")
    return seconds


def read_count(lookup: SettingLookup, setting: str) -> int | None:
    """Read a positive whole number, `None` when unset. Raises `InvalidSetting`."""
    value = lookup(setting, "")
    if value and not (value.isdecimal() and int(value)):
        raise InvalidSetting(setting, "it must be a positive whole number")
    return int(value) if value else None


def read_flag(lookup: SettingLookup, setting: str) -> bool:
    """Read a boolean, `False` when unset. Raises `InvalidSetting`."""
    value = lookup(setting, "false").lower()
    if value not in FLAGS:
        raise InvalidSetting(setting, "it must be true or false")
    return FLAGS[value]


def read_url(lookup: SettingLookup, setting: str, default: str = "") -> str:
    """Read an `http` or `https` address, `default` when unset. Raises `InvalidSetting`."""
    url = lookup(setting, default)
    if url and not is_http_url(url):
        raise InvalidSetting(setting, "it must be an address such as http://127.0.0.1:8000/v1")
    return url


def is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna")
        return parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket, a label of a name that is empty
        return False


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
