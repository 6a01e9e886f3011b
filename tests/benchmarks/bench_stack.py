"""The stack under load: everything as the product starts it, with a model that measures its own time."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from types import TracebackType

import psutil

from butler_project.embedded.services import EmbeddedService
from tests.benchmarks.model import MeasuringModel
from tests.benchmarks.proxy import HOST, CountingProxy
from tests.benchmarks.questions import ANSWER_WORDS
from tests.benchmarks.wire import MongoReader, RedisReader
from tests.harness.stack import Stack

OURS = ("web", "worker", "bot", "beat")
SERVERS = ("mongodb", "redis")
STAND_INS = ("sandbox", "model")
SETTLE_POLL_S = 0.5
LATE_ANSWERS_S = 1.0  # a second answer to the same question would follow the first closely
LOUD = ("warning", "error", "critical")
WORKER_THREADS = 16  # as the Procfile has it
# What limits costs is measured, what they hold back is not.
OUT_OF_REACH = {
    "RATE_LIMIT_PER_MINUTE": "1000000",
    "DAILY_TOKEN_BUDGET": "1000000000",
    "TELEGRAM_RATE_PER_S": "10000",
    "TELEGRAM_CHAT_RATE_PER_S": "1000",
}


class _Watched:
    """An embedded server behind a proxy: `start` and `url` give the proxy's address."""

    def __init__(self, service: EmbeddedService, make_reader: type[MongoReader] | type[RedisReader]) -> None:
        self._service = service
        self._make_reader = make_reader
        self.proxy: CountingProxy | None = None

    @property
    def url(self) -> str:
        if self.proxy is None:
            raise RuntimeError("not started")
        return self.direct_url.replace(f":{self._service.port}/", f":{self.proxy.port}/")

    @property
    def direct_url(self) -> str:
        return self._service.url

    @property
    def pid(self) -> int | None:
        return self._service.pid

    def start(self) -> str:
        self._service.start()
        self.proxy = CountingProxy(self._service.port, self._make_reader)
        return self.url

    def stop(self) -> None:
        if self.proxy is not None:
            self.proxy.stop()
        self._service.stop()


class BenchStack(Stack):
    """`with BenchStack(directory) as stack:`; `is_watched` puts proxies before the database and the broker."""

    def __init__(self, directory: Path, *, is_watched: bool = False, **settings: str) -> None:
        super().__init__(
            directory, has_model=False, worker_threads=WORKER_THREADS, **(OUT_OF_REACH | settings)
        )
        self.model: MeasuringModel = MeasuringModel(words=ANSWER_WORDS)
        if is_watched:
            self.mongodb = _Watched(self.mongodb, MongoReader)  # type: ignore[assignment]
            self.redis = _Watched(self.redis, RedisReader)  # type: ignore[assignment]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(self.describe_logs())
        self.stop()

    def stop(self) -> None:
        """End everything at once: the directory is thrown away."""
        for name in (*OURS, "sandbox"):
            if child := getattr(self, name, None):
                child.kill()
        super().stop()

    @property
    def has_started(self) -> bool:
        return all(hasattr(self, name) for name in OURS)

    @property
    def direct_urls(self) -> tuple[str, str]:
        """The addresses of the database and of the broker themselves, past the proxies."""
        mongodb, redis = self.mongodb, self.redis
        return getattr(mongodb, "direct_url", mongodb.url), getattr(redis, "direct_url", redis.url)

    @property
    def proxies(self) -> tuple[CountingProxy, CountingProxy]:
        """The proxies of the database and of the broker."""
        mongodb, redis = getattr(self.mongodb, "proxy", None), getattr(self.redis, "proxy", None)
        if mongodb is None or redis is None:
            raise RuntimeError("the stack is not watched")
        return mongodb, redis

    def family(self, name: str) -> list[psutil.Process]:
        """Return the processes of one part of the stack, none while it does not run."""
        if name in (*OURS, "sandbox"):
            try:
                processes: list[psutil.Process] = getattr(self, name).family()
            except RuntimeError:
                return []
            return processes
        pid = getattr(self, name).pid
        return [] if pid is None else [psutil.Process(pid)]

    def name_of_clients(self) -> dict[int, str]:
        """Map the local ports of our processes' connections to the names of the processes."""
        return {
            connection.laddr.port: name
            for name in OURS
            for process in self.family(name)
            for connection in process.net_connections("tcp")
            if connection.laddr and connection.laddr.ip == HOST
        }

    def wait_until_quiet(self, *, timeout_s: float) -> bool:
        """Wait until nothing is pending; return False if it still was after `timeout_s`. Asks twice a second."""
        inbox = self.database().inbox_updates
        deadline = time.monotonic() + timeout_s
        while True:
            pending = self.telegram.get("stats")["pending"] or inbox.count_documents({"status": "pending"})
            if not pending:
                time.sleep(LATE_ANSWERS_S)
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(SETTLE_POLL_S)

    def count_log_lines(self) -> Counter[str]:
        """Count the warnings and errors that our processes logged, by process, level and event."""
        counts: Counter[str] = Counter()
        for name in OURS:
            for line in getattr(self, name).output.splitlines():
                if label := _read_loud_line(line):
                    counts[f"{name}: {label}"] += 1
        return counts

    def describe_logs(self) -> str:
        return "logged by our processes: " + (
            repr(dict(self.count_log_lines())) if self.has_started else "nothing yet"
        )


def _read_loud_line(line: str) -> str:
    """Return level and event of a warning or an error, nothing for other lines."""
    if line.startswith("Traceback"):
        return line
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    is_loud = isinstance(entry, dict) and entry.get("level") in LOUD
    return f"{entry['level']} {entry.get('event', '')}" if is_loud else ""
