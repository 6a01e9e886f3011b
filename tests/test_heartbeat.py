from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from heartbeat import Heartbeat
from tests.harness.processes import PATIENCE_S, PROJECT_DIR, wait_until


@pytest.fixture
def heartbeat() -> Heartbeat:
    return Heartbeat()


def test_an_action_is_repeated_while_the_block_lasts(heartbeat: Heartbeat) -> None:
    beats: list[int] = []
    with heartbeat.every(0.01, lambda: beats.append(1), wait_s=PATIENCE_S):
        wait_until(lambda: len(beats) >= 3)

    count = len(beats)
    threading.Event().wait(0.05)
    assert len(beats) == count


def test_an_immediate_action_is_called_at_once(heartbeat: Heartbeat) -> None:
    called = threading.Event()
    with heartbeat.every(3600, called.set, is_immediate=True):
        assert called.wait(PATIENCE_S)


def test_a_later_beat_with_a_shorter_interval_is_not_kept_waiting(heartbeat: Heartbeat) -> None:
    called = threading.Event()
    with heartbeat.every(3600, lambda: None), heartbeat.every(0.01, called.set):
        assert called.wait(PATIENCE_S)


def test_a_failed_beat_ends_neither_itself_nor_the_others(heartbeat: Heartbeat) -> None:
    failures: list[int] = []
    beats: list[int] = []

    def fail() -> None:
        failures.append(1)
        raise ValueError("broken")

    with heartbeat.every(0.01, fail), heartbeat.every(0.01, lambda: beats.append(1)):
        wait_until(lambda: len(failures) >= 2 and len(beats) >= 2)


def test_a_slow_action_does_not_pile_up(heartbeat: Heartbeat) -> None:
    running = threading.Semaphore(1)
    overlaps: list[int] = []
    calls: list[int] = []

    def act() -> None:
        if not running.acquire(blocking=False):
            overlaps.append(1)
            return
        threading.Event().wait(0.05)
        calls.append(1)
        running.release()

    with heartbeat.every(0.005, act):
        wait_until(lambda: len(calls) >= 3)
    assert overlaps == []


def test_the_end_waits_for_a_call_under_way(heartbeat: Heartbeat) -> None:
    started, ended = threading.Event(), threading.Event()

    def act() -> None:
        started.set()
        threading.Event().wait(0.1)
        ended.set()

    with heartbeat.every(3600, act, is_immediate=True, wait_s=PATIENCE_S):
        started.wait(PATIENCE_S)
    assert ended.is_set()


def test_a_process_that_ends_while_something_beats_ends_quietly() -> None:
    code = """
import atexit, threading, time
from heartbeat import heartbeat

beaten, ending = threading.Event(), threading.Event()

def last() -> None:
    with heartbeat.every(0.01, beaten.set, is_immediate=True):
        ending.wait()

threading.Thread(target=last, daemon=True).start()
beaten.wait()
atexit.register(time.sleep, 0.1)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, check=True)
    assert done.stderr == b""
