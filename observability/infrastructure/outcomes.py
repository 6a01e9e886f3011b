"""What checks of services came to: run side by side, told, and kept for the gauge of the web process."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection

Check = Callable[[], str]

PAUSE_S = 1.0


class Unfit(Exception):
    """A service is not as it should be. The message is shown to operators: no address with a password in it."""


@dataclass(frozen=True)
class Outcome:
    """Whether a service is as it should be, and what there is to say about it."""

    service: str
    is_ok: bool
    detail: str


@dataclass(frozen=True)
class Kept:
    """The outcomes of one look at everything, and when that was, in Unix seconds."""

    checked_at: float
    is_ok: dict[str, bool]


def run_checks(checks: Mapping[str, Check], *, patience_s: float) -> list[Outcome]:
    """Run all checks at once and return what each came to, in their order.

    One that fails is repeated until `patience_s` seconds are over: what has just been started needs a while. A check
    returns what is good to know, or raises `Unfit`; of any other exception only the kind is told.
    """
    deadline = time.monotonic() + patience_s
    with ThreadPoolExecutor(len(checks) or 1, thread_name_prefix="check") as executor:
        return list(executor.map(partial(_insist, deadline=deadline), checks, checks.values()))


def _insist(service: str, check: Check, *, deadline: float) -> Outcome:
    try:
        while not (outcome := _run(service, check)).is_ok and time.monotonic() + PAUSE_S < deadline:
            time.sleep(PAUSE_S)
        return outcome
    finally:
        connection.close()  # the thread's own, if the check has opened one


def _run(service: str, check: Check) -> Outcome:
    try:
        return Outcome(service, is_ok=True, detail=check())
    except Unfit as error:
        return Outcome(service, is_ok=False, detail=str(error))
    except Exception as error:
        return Outcome(service, is_ok=False, detail=f"does not answer: {type(error).__name__}")


def keep_outcomes(outcomes: Iterable[Outcome]) -> None:
    """Keep the outcomes in DATA_DIR. Not in a database: its own outage is among what is to be told."""
    kept = {
        "checked_at": time.time(),
        "is_ok": {outcome.service: outcome.is_ok for outcome in outcomes},
    }
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(kept))
    draft.replace(path)


def read_outcomes() -> Kept | None:
    """Return what was last kept; None if nothing was, or the file cannot be understood."""
    try:
        kept = json.loads(_path().read_text())
        return Kept(
            checked_at=float(kept["checked_at"]),
            is_ok={str(service): bool(is_ok) for service, is_ok in kept["is_ok"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _path() -> Path:
    return Path(settings.DATA_DIR) / "run" / "infrastructure.json"
