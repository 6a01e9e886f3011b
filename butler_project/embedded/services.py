"""Start, watch and stop the embedded servers."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pymongo
from pymongo.errors import PyMongoError

from butler_project.embedded.discovery import PROJECT_DIR

HOST = "127.0.0.1"
START_TIMEOUT_S = 60.0  # replaying the log after a kill takes longest, on a slow disk
STOP_TIMEOUT_S = 10.0
POLL_S = 0.02
PROBE_TIMEOUT_S = 2.0
RESTART_PAUSE_S = 0.2
# Below the ports that Linux gives to outgoing connections: a client that calls again and again while its
# server is away could be given the server's own port, talk to itself and keep the server from coming back.
FREE_PORTS = range(20_000, 32_000)
PORT_TRIES = 100
LOG_TAIL_LINES = 20
LOG_LIMIT_BYTES = 5_000_000  # a longer log is set aside at the next start

log = logging.getLogger(__name__)


class ServiceError(RuntimeError):
    """An embedded server did not start; the message ends with the last lines of its log."""


class EmbeddedService:
    """One embedded server: a child process on 127.0.0.1, started again on the same port when it dies.

    The child has a session of its own, so Ctrl-C in a terminal does not reach it before the apps have
    stopped, and it is killed by the kernel when this process dies. The thread that creates it waits for it
    all its life: the kernel's signal fires when the creating thread ends.
    """

    def __init__(
        self,
        name: str,
        data_dir: Path,
        *,
        url: str,
        find_pid: Callable[[int], int | None],
        options: Sequence[str] = (),
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        """`url` has a `{port}`; `find_pid` asks the server on a port for its process id (None: no answer)."""
        self.name = name
        self.port = 0
        self.restarts = 0
        self._url = url
        self._find_pid = find_pid
        self._options = options
        self._start_timeout_s = start_timeout_s
        self._data_dir = data_dir
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._is_stopping = threading.Event()
        self._has_answered = False

    @property
    def log_path(self) -> Path:
        return self._data_dir / "log" / f"{self.name}.log"

    @property
    def url(self) -> str:
        return self._url.format(port=self.port)

    @property
    def pid(self) -> int | None:
        """The process id of the server, None while there is none."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    def start(self) -> str:
        """Start the server, wait until it answers, return its URL. Raises ServiceError."""
        if self._thread is not None:
            return self.url
        self._rotate_log()
        self._start_on(choose_port(self._read_previous_port()))
        self._port_path.parent.mkdir(parents=True, exist_ok=True)
        self._port_path.write_text(f"{self.port}\n")
        return self.url

    def _start_on(self, port: int) -> None:
        self.port = port
        self._is_stopping.clear()
        self._thread = threading.Thread(target=self._keep_running, name=f"embedded-{self.name}", daemon=True)
        self._thread.start()
        try:
            self.wait_until_ready()
        except ServiceError:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        """Wait until our own child answers.

        Raises ServiceError when it takes longer than the start's timeout, or ended at its first start.
        """
        deadline = time.monotonic() + self._start_timeout_s
        while time.monotonic() < deadline:
            child = self._child
            if child is not None and child.poll() is not None and not self._has_answered:
                raise ServiceError(self._explain(f"ended at once with status {child.returncode}"))
            # Another program could have taken the port meanwhile: only the answer of our own child counts.
            if child is not None and self._find_pid(self.port) == child.pid:
                self._has_answered = True
                return
            time.sleep(POLL_S)
        raise ServiceError(self._explain(f"did not answer within {self._start_timeout_s:g} s"))

    def stop(self) -> None:
        """Stop the server; after 10 s without success it is killed. Harmless when nothing runs."""
        self._is_stopping.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._signal(signal.SIGTERM)
        thread.join(STOP_TIMEOUT_S)
        if thread.is_alive():
            self._signal(signal.SIGKILL)
            thread.join(STOP_TIMEOUT_S)
        self._child = None
        self._has_answered = False

    @property
    def _port_path(self) -> Path:
        return self._data_dir / "run" / f"{self.name}.port"

    def _read_previous_port(self) -> int:
        try:
            return int(self._port_path.read_text())
        except (OSError, ValueError):
            return 0

    def _keep_running(self) -> None:
        while not self._is_stopping.is_set():
            with self.log_path.open("ab") as log_file:
                child = self._spawn(log_file)
            self._child = child
            if self._is_stopping.is_set():  # stop() came between the two lines above, and found no child
                child.terminate()
            child.wait()
            if self._is_stopping.is_set() or not self._has_answered:
                return
            self.restarts += 1
            log.warning("embedded %s died with status %s: starting it again", self.name, child.returncode)
            self._is_stopping.wait(RESTART_PAUSE_S)

    def _spawn(self, log_file: BinaryIO) -> subprocess.Popen[bytes]:
        arguments = {
            "--port": self.port,
            "--data-dir": self._data_dir / self.name,
            "--parent-pid": os.getpid(),
        }
        command = [sys.executable, "-m", f"butler_project.embedded.{self.name}"]
        command += [str(part) for argument in arguments.items() for part in argument]
        command += self._options
        return subprocess.Popen(
            command,
            cwd=PROJECT_DIR,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _signal(self, signum: signal.Signals) -> None:
        child = self._child
        if child is not None and child.poll() is None:
            child.send_signal(signum)

    def _rotate_log(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))

    def _explain(self, what: str) -> str:
        try:
            tail = self.log_path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        except OSError:
            tail = []
        return "\n".join([f"The embedded {self.name} {what}. The end of {self.log_path}:", *tail])


def mongodb_service(data_dir: Path, *, options: Sequence[str] = ()) -> EmbeddedService:
    """Return the embedded MongoDB of `data_dir`, not started."""
    url = f"mongodb://{HOST}:{{port}}/butler?directConnection=true"
    return EmbeddedService("mongodb", data_dir, url=url, find_pid=find_mongodb_pid, options=options)


def redis_service(data_dir: Path) -> EmbeddedService:
    """Return the embedded Redis of `data_dir`, not started."""
    return EmbeddedService("redis", data_dir, url=f"redis://{HOST}:{{port}}/0", find_pid=find_redis_pid)


def choose_port(preferred: int = 0) -> int:
    """Return `preferred` if a server could listen there, else a free port of FREE_PORTS.

    Raises ServiceError when a hundred tries found none.
    """
    if preferred and is_port_free(preferred):
        return preferred
    for _ in range(PORT_TRIES):
        port = secrets.choice(FREE_PORTS)
        if is_port_free(port):
            return port
    raise ServiceError(f"no free port among {FREE_PORTS.start} to {FREE_PORTS.stop - 1}")


def is_port_free(port: int, host: str = HOST) -> bool:
    """Tell whether a server could listen on `port` of `host` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the servers do: a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def find_mongodb_pid(port: int) -> int | None:
    """Return the process id that a MongoDB server on `port` reports, None when there is no answer."""
    try:
        socket.create_connection(
            (HOST, port), timeout=PROBE_TIMEOUT_S
        ).close()  # a refusal is quicker than pymongo
        with pymongo.MongoClient[dict[str, int]](
            HOST, port, directConnection=True, serverSelectionTimeoutMS=int(PROBE_TIMEOUT_S * 1000)
        ) as client:
            return int(client.admin.command("serverStatus")["pid"])
    except (OSError, PyMongoError):
        return None


def find_redis_pid(port: int) -> int | None:
    """Return the process id that a Redis server on `port` reports, None while it is silent or loading."""
    try:
        with socket.create_connection((HOST, port), timeout=PROBE_TIMEOUT_S) as connection:
            connection.sendall(b"INFO\r\n")
            answer = connection.recv(65_536).decode(errors="replace")
    except OSError:
        return None
    facts = dict(line.split(":", 1) for line in answer.splitlines() if ":" in line)
    return int(facts["process_id"]) if facts.get("loading") == "0" and "process_id" in facts else None
