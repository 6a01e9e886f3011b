"""Starts, scripts and stops the stand-in for a language model as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness.unmeasured import UNMEASURED

REPOSITORY = Path(__file__).resolve().parents[2]
STARTED = "llm stand-in: listening on "
STOP_TIMEOUT_S = 30
CONTROL_TIMEOUT_S = 60


class LLMStandIn:
    """`with LLMStandIn("--words", "40") as standin:` — `standin.url` is what `LLM_API_URL` takes.

    `dialect` is one of `tests.harness.llm_dialects`. A stand-in that speaks another wire names its `module`.
    """

    module = "tests.harness.llm_standin"

    def __init__(self, *arguments: str, dialect: str = "") -> None:
        chosen = ["--dialect", dialect] if dialect else []
        command = [sys.executable, "-m", self.module, *chosen, *arguments]
        environment = {**os.environ, **UNMEASURED}
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        )
        self._requests: list[dict[str, Any]] = []
        self._recorded = 0
        self.root = self._wait_until_started()
        self.url = f"{self.root}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    def script(self, *behaviours: dict[str, Any]) -> None:
        self._control("POST", "script", list(behaviours))

    def forget_script(self) -> None:
        self._control("DELETE", "script")

    def release(self) -> None:
        """Let the answers go on that are `held` now."""
        self._control("POST", "release")

    def configure(self, **settings: Any) -> None:
        """Set `first_token_s`, `chunk_s`, `words`; `models`: the names, or the vendor's entries, that are listed."""
        self._control("POST", "settings", settings)

    def requests(self) -> list[dict[str, Any]]:
        """What was asked so far. Only what is new is fetched: who waits for a question asks many times a second."""
        found = self._control("GET", f"requests?after={self._recorded}")
        self._recorded = found["recorded"]
        self._requests += found["requests"]
        return list(self._requests)

    def stats(self) -> dict[str, int]:
        counters: dict[str, int] = self._control("GET", "stats")
        return counters

    def clear(self) -> None:
        """Forget script, requests and counters."""
        self.forget_script()
        self._control("DELETE", "requests")
        self._requests.clear()
        self._recorded = 0

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _wait_until_started(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line.startswith(STARTED):
            self.stop()
            raise RuntimeError(f"the stand-in did not start: {line!r}")
        return line.removeprefix(STARTED)

    def _control(self, method: str, name: str, payload: Any = None) -> Any:
        content = None if payload is None else json.dumps(payload).encode()
        request = urllib.request.Request(f"{self.root}/control/{name}", data=content, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=CONTROL_TIMEOUT_S) as response:
            return json.load(response)
