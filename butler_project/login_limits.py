"""How many passwords may be tried at the admin site's door, as it is with the password of `/admin`.

Windows in Redis. A try counts as wrong until it has proved right, so that tries at the same time are not looked at
together. Names are kept as digests: people type passwords into the wrong field.

A stranger cannot lock the door before staff: a browser that has once logged in under a name is counted by itself. What
others try under that name concerns new browsers only, and those for a minute.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from botgateway.domain import windows

log = structlog.get_logger(__name__)

WRONG_WINDOW_S = 900
LOCK_S = 900
WRONG_PER_BROWSER = 10  # one that is known
WRONG_PER_PAIR = 10  # of a name and an address
WRONG_PER_ADDRESS = 50  # several people may share one, whoever guesses takes many names
# Of a name, from everywhere: whoever has many addresses is slowed down to 14,400 guesses a day.
NAME_WINDOW_S = 60
WRONG_PER_NAME = 10


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who tries to log in: under which name, from where, and the browser's id if it has logged in under the name."""

    name: str
    address: str
    browser_id: str | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """So many wrong passwords within a window; the last one makes it last `lock_s` from then on."""

    kind: str
    key: str
    limit: int
    window_s: int = WRONG_WINDOW_S
    lock_s: int = LOCK_S


@dataclass(frozen=True, slots=True)
class Refusal:
    """The kind of bound that is reached, and for how long."""

    kind: str
    wait_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, counted since it began; no password is looked at if it is refused."""

    bounds: list[Bound]
    member: str
    refusal: Refusal | None

    def forgive(self) -> None:
        """Take the try back, for the password was right, and forget what this visitor got wrong before."""
        own, *shared = self.bounds
        with _going_on_without_redis():
            windows.forget(own.key)
            _take_back(shared, self.member)

    def withdraw(self) -> None:
        """Take the try back, for nobody could say whether the password was right."""
        with _going_on_without_redis():
            _take_back(self.bounds, self.member)


def begin_attempt(visitor: Visitor) -> Attempt:
    """Count a try as wrong. Without Redis nothing is counted and nobody refused: staff get in."""
    bounds, member, refusal = list_bounds(visitor), secrets.token_hex(8), None
    with _going_on_without_redis():
        refusal = _count(bounds, member)
    return Attempt(bounds, member, refusal)


def _count(bounds: list[Bound], member: str) -> Refusal | None:
    """Count within all bounds, or within none if one of them is reached."""
    for place, bound in enumerate(bounds):
        window = {"limit": bound.limit, "window_s": bound.window_s, "lock_s": bound.lock_s}
        wait_s = windows.admit(bound.key, member, **window)
        if wait_s:
            _take_back(bounds[:place], member)
            return Refusal(bound.kind, wait_s)
    return None


def _take_back(bounds: list[Bound], member: str) -> None:
    for bound in bounds:
        windows.forget(bound.key, member)


def list_bounds(visitor: Visitor) -> list[Bound]:
    """Return what a try is held to: first the visitor's own, then what is shared with others."""
    name = digest_name(visitor.name)
    if visitor.browser_id:
        return [Bound("browser", f"admin-site-wrong:browser:{visitor.browser_id}", WRONG_PER_BROWSER)]
    return [
        Bound("pair", f"admin-site-wrong:pair:{name}:{visitor.address}", WRONG_PER_PAIR),
        Bound("address", f"admin-site-wrong:address:{visitor.address}", WRONG_PER_ADDRESS),
        Bound("name", f"admin-site-wrong:name:{name}", WRONG_PER_NAME, window_s=NAME_WINDOW_S, lock_s=0),
    ]


def digest_name(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@contextmanager
def _going_on_without_redis() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        log.warning("admin logins not limited", error=type(error).__name__)
