from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue

import psutil
import pytest

from butler_project.embedded.discovery import PROJECT_DIR
from tests import services
from tests.harness.ports import reserve_port

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 120  # of one that refuses to go on, too: it has started the servers by then


class Run:
    """One `python -m butler_project.supervisor` on a data directory of its own."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.web_port = int(environment.get("WEB_PORT") or reserve_port())
        environment = {"SANDBOX_PORT": str(reserve_port()), **environment, "WEB_PORT": str(self.web_port)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "butler_project.supervisor"],
            cwd=PROJECT_DIR,
            env=services.environment(DATA_DIR=str(data_dir), **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self.output = ""
        self._lines: Queue[str | None] = Queue()  # None: the supervisor has ended
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the output matches `pattern`; fails when the supervisor ends before."""
        while (found := re.search(pattern, self.output)) is None:
            try:
                line = self._lines.get(timeout=START_TIMEOUT_S)
            except Empty:
                pytest.fail(f"no {pattern!r} within {START_TIMEOUT_S} s in:\n{self.output}")
            if line is None:
                pytest.fail(f"ended without {pattern!r}:\n{self.output}")
            self.output += line
        return found

    def wait_until_ready(self) -> None:
        self.wait_for(r"─{50,}\n(.*\n)+─{50,}")

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def commands(self) -> list[tuple[psutil.Process, list[str]]]:
        """Return the programs that run, but for the supervisor's own forks, each with its command line."""
        found = []
        for child in self.descendants():
            with suppress(psutil.NoSuchProcess):
                found.append((child, child.cmdline()))
        return [(child, command) for child, command in found if "butler_project.supervisor" not in command]

    def find(self, word: str) -> psutil.Process:
        """Return the one program that has `word` among its arguments."""
        found = [child for child, command in self.commands() if word in command]
        parents = [child for child in found if child.parent() not in found]
        assert len(parents) == 1, found
        return parents[0]

    def send(self, signum: signal.Signals) -> None:
        os.kill(self.pid, signum)

    def wait_for_end(self) -> int:
        """Return the exit status; all output is in `output` then."""
        status = self._process.wait(STOP_TIMEOUT_S)
        self._reader.join(STOP_TIMEOUT_S)
        while not self._lines.empty():
            self.output += self._lines.get() or ""
        return status

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.wait_for_end()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture
def start_run(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start supervisors; whatever still runs at the end of the test is killed."""
    runs: list[Run] = []

    def start(data_dir: Path = tmp_path / "data", **environment: str) -> Run:
        runs.append(Run(data_dir, **environment))
        return runs[-1]

    yield start
    for run in runs:
        run.close()
