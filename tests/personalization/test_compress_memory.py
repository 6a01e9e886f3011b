"""`manage.py compress_memory`: one person, everybody, nobody; what it says and how it exits."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from personalization.domain.compression_lock import holding_run
from personalization.domain.profiles import get_profile
from personalization.management.commands.compress_memory import telling_to_end
from personalization.models import Compression, CompressionRun, MemoryEvent
from tests.factories.personalization import fill_memory
from tests.harness.configuration import forget_configuration
from tests.harness.processes import wait_until

pytestmark = pytest.mark.django_db

CAP, KEEP_LAST = 6, 3


@pytest.fixture(autouse=True)
def _people(settings: Any) -> None:
    settings.MEMORY_CAP, settings.MEMORY_KEEP_LAST = CAP, KEEP_LAST
    for user_id, events in (("41", CAP), ("42", CAP + 1), ("43", CAP + 4)):
        get_profile(user_id)
        fill_memory(user_id, events, content="Меня зовут Анна, это сообщение")


@pytest.fixture
def _no_model(settings: Any) -> Iterator[None]:
    settings.LLM_API_URL, settings.LLM_RETRIES = "http://127.0.0.1:1/v1", 0
    forget_configuration()
    yield
    forget_configuration()


def count_events() -> list[int]:
    return [MemoryEvent.objects.filter(user_id=user_id).count() for user_id in ("41", "42", "43")]


def compress(**options: Any) -> list[str]:
    out = io.StringIO()
    call_command("compress_memory", stdout=out, **options)
    return out.getvalue().splitlines()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_compresses_one_person() -> None:
    assert compress(user="42") == ["42: ok, 4 summarised, 4 deleted"]
    assert compress(user="41") == ["41: nothing, 0 summarised, 0 deleted"]
    assert count_events() == [CAP, KEEP_LAST, CAP + 4]


def test_it_compresses_everybody_or_some() -> None:
    *_, some = compress(limit=1)  # before that a long run says now and then how far it is
    assert some == "stopped: 2 of 3 people seen, 1 over the cap, 1 done, 0 of them failed"
    assert count_events() == [CAP, KEEP_LAST, CAP + 4]

    *_, everybody = compress()
    assert everybody == "ok: 3 of 3 people seen, 1 over the cap, 1 done, 0 of them failed"
    assert count_events() == [CAP, KEEP_LAST, KEEP_LAST]


def test_a_dry_run_says_what_would_be_done_and_changes_nothing() -> None:
    said = compress(dry_run=True)

    assert said == [
        "42: 4 events would be summarised",
        "43: 7 events would be summarised",
        "2 people, 11 events; nothing was changed",
    ]
    assert compress(dry_run=True, limit=1) == [said[0], "1 people, 4 events; nothing was changed"]
    assert compress(dry_run=True, user="41") == ["0 people, 0 events; nothing was changed"]
    assert count_events() == [CAP, CAP + 1, CAP + 4]
    assert (CompressionRun.objects.count(), Compression.objects.count()) == (0, 0)


def test_on_a_terminal_a_line_rewrites_itself() -> None:
    terminal = Terminal()

    call_command("compress_memory", stdout=terminal, no_color=True)

    first, *drawn = terminal.getvalue().partition("\n")[0].split("\r")
    full = f"[{'#' * 30}] 3 of 3 people seen, 2 over the cap, 2 done, 0 of them failed"
    assert (first, drawn[-1]) == ("", full)


@pytest.mark.usefixtures("_no_model")
def test_it_exits_with_1_when_a_memory_stays_over_its_cap() -> None:
    with pytest.raises(CommandError, match="42: unavailable; nothing was deleted") as one:
        compress(user="42")
    with pytest.raises(CommandError, match="failed: 3 of 3 people seen, 2 over the cap, 2 done, 2") as all_:
        compress()

    assert (one.value.returncode, all_.value.returncode) == (1, 1)
    assert count_events() == [CAP, CAP + 1, CAP + 4]
    assert compress(user="42", extractive=True) == ["42: extractive, 4 summarised, 4 deleted"]


def test_it_exits_with_2_when_another_run_is_under_way() -> None:
    with holding_run(), pytest.raises(CommandError, match="Another run is under way") as error:
        compress()

    assert error.value.returncode == 2
    assert count_events() == [CAP, CAP + 1, CAP + 4]


def test_the_first_ctrl_c_asks_a_run_to_end_and_the_next_one_kills() -> None:
    before = signal.getsignal(signal.SIGINT)

    with telling_to_end() as told:
        assert not told.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(told.is_set, what="the signal")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL

    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("limit", ["0", "-1", "many"])
def test_a_limit_is_a_number_of_people(limit: str) -> None:
    with pytest.raises(CommandError, match="is no number of people"):
        call_command("compress_memory", f"--limit={limit}")
