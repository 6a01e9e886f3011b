"""A child process of a test: started, waited for, killed, its output kept."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

PROJECT_DIR = Path(__file__).resolve().parents[2]
STOP_TIMEOUT_S = 60.0
PATIENCE_S = 60.0  # for what takes a second on a quiet machine; only a test that fails waits so long
POLL_S = 0.02


class HasPid(Protocol):
    """A child process of a test or an embedded server."""

    @property
    def pid(self) -> int | None: ...


def wait_until(
    condition: Callable[[], object],
    *,
    timeout_s: float = PATIENCE_S,
    what: str | Callable[[], str] = "the condition",
) -> None:
    """Wait until `condition()` is true. Raises `TimeoutError` naming `what`; a function is asked only then."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            missing = what if isinstance(what, str) else what()
            raise TimeoutError(f"{missing} did not come about within {timeout_s} s")
        time.sleep(POLL_S)


def wait_until_ended(processes: Sequence[psutil.Process]) -> None:
    """Wait until none of them runs. Nobody need take notice of the end: a container may have no init."""

    def list_running() -> list[psutil.Process]:
        return [process for process in processes if not has_ended(process)]

    wait_until(lambda: not list_running(), what=lambda: f"the end of {list_running()}")


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def paused(process: HasPid) -> Iterator[None]:
    """Stop a process in its tracks (SIGSTOP) for as long as the block lasts."""
    pid = process.pid
    if pid is None:
        raise RuntimeError("the process does not run")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Child:
    """One process of the stack; it can be started again after it was stopped or killed."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log_dir: Path
    ) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.log_path = log_dir / f"{name}.log"
        self._log_start = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def output(self) -> str:
        """Everything it has written, earlier runs included."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def recent_output(self) -> str:
        """What it has written since it was last started."""
        if not self.log_path.exists():
            return ""
        return self.log_path.read_bytes()[self._log_start :].decode(errors="replace")

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                self.command,
                cwd=PROJECT_DIR,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for_output(self, words: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the log, from the process's start, holds `words`. Raises if the process ends before."""
        wait_until(
            lambda: words in self.recent_output or not self.is_running,
            timeout_s=timeout_s,
            what=f"{self.name}: {words!r}",
        )
        if words not in self.recent_output:
            raise RuntimeError(f"{self.name} ended:\n{self.recent_output[-4000:]}")

    def send_signal(self, signum: int) -> None:
        """Signal the process itself, e.g. `signal.SIGSTOP`."""
        os.kill(self.pid, signum)

    def kill(self) -> None:
        """`kill -9` of the process and of its own children, as a power cut would."""
        if self._process is None:
            return
        for process in self.family() if self.is_running else []:
            with suppress(psutil.NoSuchProcess):  # a child may end with its parent, or by itself
                process.kill()
        self._process.wait()
        self._process = None

    def wait(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def ask_to_stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ask it to end; kill it if it does not within `STOP_TIMEOUT_S`."""
        if self._process is None:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def family(self) -> list[psutil.Process]:
        """The process and its descendants."""
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]
