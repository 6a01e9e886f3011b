"""The person's side of the sandbox: write to Butler, read what it answers, order faults."""

from __future__ import annotations

import time
from typing import Any

import requests

from tests.harness.processes import POLL_S

TIMEOUT_S = 20


class SandboxClient:
    """Talks to the control API of a running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def write(self, chat_id: int, text: str, **fields: Any) -> dict[str, Any]:
        """Let the person of a private chat write; returns `update_id` and `message_id`."""
        return self.post("messages", {"chat_id": chat_id, "text": text, **fields})

    def deliver(self, update: dict[str, Any]) -> dict[str, Any]:
        """Hand an update over as it is."""
        return self.post("updates", update)

    def upload(self, chat_id: int, *, kind: str, content: bytes) -> None:
        """Let the person send a file: `voice`, `photo`, `document` or `audio`."""
        form = {"chat_id": str(chat_id), "kind": kind}
        response = self._session.post(
            f"{self.url}/sandbox/api/uploads", data=form, files={"file": ("file", content)}, timeout=TIMEOUT_S
        )
        response.raise_for_status()

    def block(self, chat_id: int, *, is_blocked: bool = True) -> None:
        """Let the person block the bot, or take the block back."""
        self.post(f"chats/{chat_id}/block", {"blocked": is_blocked})

    def delete_messages(self, chat_id: int) -> None:
        """Let the person delete everything in the chat."""
        self.delete(f"chats/{chat_id}")

    def messages(self, chat_id: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"chats/{chat_id}/messages")["messages"]
        return found

    def answers(self, chat_id: int) -> list[str]:
        """The texts of the bot's messages in a chat, in order."""
        return [message["text"] for message in self.messages(chat_id) if message["from_bot"]]

    def wait_for_answers(self, chat_id: int, count: int, *, timeout_s: float = TIMEOUT_S) -> list[str]:
        """Wait until the bot has sent `count` messages in a chat; return their texts."""
        deadline = time.monotonic() + timeout_s
        while len(answers := self.answers(chat_id)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(answers)} of {count} answers after {timeout_s} s: {answers}")
            time.sleep(POLL_S)
        return answers

    def calls(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("calls", **filters)["calls"]
        return found

    def order_fault(self, **fault: Any) -> None:
        self.post("faults", fault)

    def forget_faults(self) -> None:
        self.delete("faults")

    def get(self, path: str, **params: Any) -> Any:
        response = self._session.get(f"{self.url}/sandbox/api/{path}", params=params, timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.json()

    def delete(self, path: str) -> None:
        self._session.delete(f"{self.url}/sandbox/api/{path}", timeout=TIMEOUT_S).raise_for_status()

    def post(self, path: str, body: Any) -> Any:
        response = self._session.post(f"{self.url}/sandbox/api/{path}", json=body, timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.json()
