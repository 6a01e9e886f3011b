"""A webhook receiver that records what arrives and answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.harness.processes import PATIENCE_S


@dataclass
class Delivery:
    update: dict[str, Any]
    secret: str | None
    began_at: float
    ended_at: float = 0.0
    status: int = 0

    @property
    def text(self) -> str:
        return self.update["message"]["text"]

    @property
    def chat_id(self) -> int:
        return self.update["message"]["chat"]["id"]


@dataclass
class Receiver:
    """`answer` gives (status, seconds to wait first) for a delivery."""

    url: str = ""
    answer: Callable[[Delivery], tuple[int, float]] = lambda _delivery: (200, 0.0)
    deliveries: list[Delivery] = field(default_factory=list)

    def accepted(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.status == 200]

    def wait_for(self, count: int, timeout_s: float = PATIENCE_S) -> list[Delivery]:
        deadline = time.monotonic() + timeout_s
        while len(self.accepted()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.accepted()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            secret = self.headers.get("X-Telegram-Bot-Api-Secret-Token")
            delivery = Delivery(json.loads(body), secret, time.monotonic())
            receiver.deliveries.append(delivery)
            status, wait_s = receiver.answer(delivery)
            time.sleep(wait_s)
            delivery.ended_at, delivery.status = time.monotonic(), status
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
