"""Which files of tests pytest-xdist's `--dist loadfile` gives to the same worker, and which come first.

A stack that several files share is started by one worker alone. (`--dist loadgroup` would be for this, but version
3.8.0 does not see the groups with pytest 9: nodes no longer keep the name that it changes.)
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

SHARED_STACK, GUARDED_STACK, BROWSER = "the shared stack", "the guarded stack", "the browser"
GUARDED = ("e2e/test_access", "e2e/test_administration", "e2e/test_catalogue", "e2e/test_reports")
ALONE = (
    "e2e/test_any_model",
    "e2e/test_broadcasts",
    "e2e/test_equipment",
    "e2e/test_first_conversation",
    "e2e/test_isolation",
    "e2e/test_limits",
    "e2e/test_switches",
    "reliability/test_nothing_private_is_logged",
    "system/test_alerting",
    "system/test_any_model",
    "system/test_chat_actions",
    "system/test_restart",
)
AT_HOME = {"e2e": SHARED_STACK, "reliability": SHARED_STACK, "system": BROWSER}
STARTS_PROCESSES = {*AT_HOME, "deploy", "embedded", "supervisor"}


class LoadGroupOfFiles(LoadFileScheduling):
    """Gives whole groups to workers, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return find_group(nodeid.partition("::")[0])


def find_group(file: str) -> str:
    """Return what a file shares with others, or else its own name."""
    name = file.removeprefix("tests/").removesuffix(".py")
    if name in GUARDED:
        return GUARDED_STACK
    return file if name in ALONE else AT_HOME.get(find_directory(file), file)


def begin_with_processes(items: list[pytest.Item]) -> None:
    """Put the long groups first: with the quick ones the workers come to an end at the same time."""
    items.sort(key=lambda item: rank(item.nodeid.partition("::")[0]))


def rank(file: str) -> int:
    if find_group(file) != file:
        return 0
    return 1 if find_directory(file) in STARTS_PROCESSES else 2


def find_directory(file: str) -> str:
    return file.removeprefix("tests/").partition("/")[0]


def make_scheduler(config: pytest.Config, log: Any) -> LoadGroupOfFiles | None:
    """Return the scheduler for `--dist loadfile`; None leaves the choice to pytest-xdist."""
    return LoadGroupOfFiles(config, log) if config.getvalue("dist") == "loadfile" else None
