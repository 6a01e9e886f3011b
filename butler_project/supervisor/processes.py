"""Butler's own processes, run by Honcho, with nothing left behind however the supervisor ends."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from honcho.manager import Manager
from honcho.printer import Message, Printer
from honcho.process import Popen, Process

from butler_project.embedded.tether import die_with_parent
from butler_project.supervisor.journal import Journal, summarise

POLL_S = 0.1
KILL_WAIT_S = 6.0  # for each of the two rounds; the worker hands back what it could not finish
LAST_TO_STOP = "sandbox"  # the others may have an answer to deliver


class TetheredProcess(Process):  # type: ignore[misc]
    """A process of Honcho's that is killed with the supervisor.

    Between the two stands a process of Honcho's, which reads the output: it is tied to the supervisor, and
    the program to it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._supervisor_pid = os.getpid()

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, signal.SIG_DFL)  # not the supervisor's, which were inherited
        die_with_parent(self._supervisor_pid)
        self._child_ctor = partial(Popen, preexec_fn=partial(die_with_parent, os.getpid()))
        super().run(events, ignore_signals)


class ProcessGroup(Manager):  # type: ignore[misc]
    """The processes of the Procfile: started together, watched, stopped together, the sandbox last."""

    def __init__(self, log_dir: Path, printer: Printer) -> None:
        super().__init__(printer)
        self.kill_wait_s = KILL_WAIT_S
        self._process_ctor = TetheredProcess
        self._log_dir = log_dir
        self._journals: dict[str, Journal] = {}

    def add_process(self, name: str, *args: Any, **options: Any) -> Any:
        self._journals[name] = Journal(name, self._log_dir)
        return super().add_process(name, *args, **options)

    def run(self, is_stop_asked: Callable[[], bool], on_started: Callable[[], None]) -> str | None:
        """Run until `is_stop_asked` or until a process ends by itself; all have ended when this returns.

        Returns None, or the name of the process that ended by itself.
        """
        self._start()
        on_started()
        while not is_stop_asked() and not self._stopped():
            self._take_event()
        culprit = next(iter(self._stopped()), None)
        self._stop_and_wait([name for name in self._processes if name != LAST_TO_STOP])
        self._stop_and_wait([LAST_TO_STOP])
        for state in self._processes.values():
            state["process"].join()
        for journal in self._journals.values():
            journal.close()
        return culprit

    def last_lines(self, name: str) -> list[str]:
        """Return the last lines that the process wrote."""
        return list(self._journals[name].tail)

    def exit_status(self, name: str) -> int:
        """Return the status with which the process ended; -N: killed by signal N."""
        return int(self._processes[name]["returncode"])

    def log_path(self, name: str) -> Path:
        return self._journals[name].path

    def _stopped(self) -> list[str]:
        return [name for name, state in self._processes.items() if state.get("returncode") is not None]

    def _stop_and_wait(self, names: list[str]) -> None:
        """Ask the processes to stop; kill those that have not after `kill_wait_s`."""
        asked: set[str] = set()
        deadline = time.monotonic() + self.kill_wait_s
        while waiting := [name for name in names if name in self._processes and name not in self._stopped()]:
            is_late = time.monotonic() > deadline
            for name in waiting:
                # A process that was just forked has no id yet: it is asked as soon as it has one.
                pid = self._processes[name].get("pid")
                if pid is None or (name in asked and not is_late):
                    continue
                asked.add(name)
                (self._procmgr.kill if is_late else self._procmgr.terminate)(pid)
            self._take_event()

    def _take_event(self) -> None:
        ended = self._list_ended()  # before the look for an event: what they had to say is there by now
        try:
            message = self.events.get(timeout=POLL_S)
        except queue.Empty:
            self._notice_the_silent(ended)
            return
        if message.type == "line":
            self._take_line(message)
        elif message.type == "start":
            self._processes[message.name]["pid"] = message.data["pid"]
        elif message.type == "stop":
            self._processes[message.name]["returncode"] = message.data["returncode"]

    def _list_ended(self) -> list[dict[str, Any]]:
        """Return the states of those whose output nobody reads any more."""
        return [state for state in self._processes.values() if not state["process"].is_alive()]

    def _notice_the_silent(self, ended: list[dict[str, Any]]) -> None:
        """Count a process as killed if what read its output was: it went with it, without a word."""
        for state in ended:
            state.setdefault("returncode", -signal.SIGKILL)

    def _take_line(self, message: Message) -> None:
        line = message.data.decode("utf-8", "replace").rstrip("\n")
        self._journals[message.name].write(line)
        summary = summarise(line)
        if summary is not None:
            self._printer.write(message._replace(data=summary))
