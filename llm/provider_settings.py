"""How a provider reads its configuration: by a look-up, with errors that name the variable and never its value."""

from __future__ import annotations

import math
from collections.abc import Callable
from urllib.parse import urlsplit

FLAGS = {"true": True, "false": False}

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


def read_seconds(lookup: SettingLookup, setting: str, default: float) -> float:
    """Read a positive duration in seconds. Raises `InvalidSetting`."""
    try:
        seconds = float(lookup(setting, str(default)))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InvalidSetting(setting, "it must be a positive number of seconds")
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
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        return False
