"""A server in a process of its own, and short ways to its control API."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.harness.processes import PATIENCE_S

PROJECT = Path(__file__).resolve().parent.parent.parent
TOKEN = "42:sandbox-token"
PERSON = 501


@dataclass
class Sandbox:
    """A running server and short ways to its control API."""

    process: subprocess.Popen[str]
    root: str
    http: requests.Session

    @property
    def api(self) -> str:
        return f"{self.root}/sandbox/api"

    def get(self, path: str, **query: Any) -> Any:
        return self._answer("GET", path, params=query)

    def post(self, path: str, body: Any) -> Any:
        return self._answer("POST", path, json=body)

    def delete(self, path: str) -> Any:
        return self._answer("DELETE", path)

    def say(self, text: str, chat_id: int = PERSON, **fields: Any) -> dict[str, Any]:
        return self.post("messages", {"chat_id": chat_id, "text": text, **fields})

    def messages(self, chat_id: int = PERSON, **query: Any) -> list[dict[str, Any]]:
        return self.get(f"chats/{chat_id}/messages", **query)["messages"]

    def call(self, method: str, **parameters: Any) -> requests.Response:
        """Call the Bot API with a JSON body."""
        return self.http.post(f"{self.root}/bot{TOKEN}/{method}", json=parameters, timeout=PATIENCE_S)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def _answer(self, verb: str, path: str, **arguments: Any) -> Any:
        response = self.http.request(verb, f"{self.api}/{path}", timeout=PATIENCE_S, **arguments)
        response.raise_for_status()
        return response.json()


def start_sandbox(*arguments: str, http: requests.Session) -> Sandbox:
    environment = {name: value for name, value in os.environ.items() if name != "DEBUG"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith("sandbox: listening on http://127.0.0.1:"), line
    return Sandbox(process, line.split()[-1], http)
