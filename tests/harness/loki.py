"""A stand-in for Loki's push API, as strict as its reference; whatever is not by the reference is refused and kept.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs, and the limits of an installation that
changes none: https://grafana.com/docs/loki/latest/configure/#limits_config
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.harness.ports import reserve_port

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
NANOSECONDS = re.compile(r"[1-9]\d{18}")
NS_PER_S = 1_000_000_000
LABELS_MAX = 15  # max_label_names_per_series
LINE_MAX_BYTES = 262_144  # max_line_size, 256 KB
BODY_MAX_BYTES = 4_194_304  # grpc_server_max_recv_msg_size
OLDEST_S = 604_800  # reject_old_samples_max_age, a week
NEWEST_S = 600  # creation_grace_period


class Refused(Exception):
    """Not what the reference says."""


@dataclass(frozen=True)
class Line:
    """One stored line. `at_ns`: nanoseconds since 1970."""

    labels: dict[str, str]
    at_ns: int
    text: str

    @property
    def fields(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found


class LokiStandIn:
    """`with LokiStandIn() as loki:` takes pushes at `loki.url`; `lines` are those taken, `complaints` what was wrong.

    With `user` and `password` it wants basic authentication, with `tenant` the header of that tenant.
    """

    def __init__(self, *, user: str = "", password: str = "", tenant: str = "") -> None:
        self.lines: list[Line] = []
        self.complaints: list[str] = []
        self.bodies: list[bytes] = []
        self._scripted: deque[int] = deque()
        self._user, self._password, self._tenant = user, password, tenant
        self._server: ThreadingHTTPServer | None = None
        self._port = reserve_port()  # none that the system gives to whoever calls while nobody listens here

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        identity = (
            f"{self._user}:{self._password}@" if self._user else f"{self._tenant}@" if self._tenant else ""
        )
        return f"http://{identity}127.0.0.1:{self._port}"

    def answer_with(self, *statuses: int) -> None:
        """Let the next pushes end with these statuses, whatever they are."""
        self._scripted.extend(statuses)

    def start(self) -> None:
        """Listen, always on the same port."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._build_handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _build_handler(self) -> type[BaseHTTPRequestHandler]:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(standin._take(self.path, dict(self.headers), body))
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:
                """Write nothing between the test's dots."""

        return Handler

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        self.bodies.append(body)
        if path != "/loki/api/v1/push":
            return 404
        if not self._is_known(headers):
            return 401
        if self._scripted:
            return self._scripted.popleft()
        if len(body) > BODY_MAX_BYTES:
            return 413
        try:
            self.lines += read_push(headers, body)
        except Refused as complaint:
            self.complaints.append(str(complaint))
            return 400
        return 204

    def _is_known(self, headers: dict[str, str]) -> bool:
        if self._user:
            pair = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
            return headers.get("Authorization") == f"Basic {pair}"
        return headers.get("X-Scope-OrgID", "") == self._tenant


def read_push(headers: dict[str, str], body: bytes) -> list[Line]:
    """Return the lines of a push. Raises Refused."""
    _insist(headers.get("Content-Type") == "application/json", "content type")
    try:
        pushed = json.loads(body.decode())
    except ValueError as error:
        raise Refused(f"no JSON in UTF-8: {error}") from error
    _insist(isinstance(pushed, dict) and pushed.keys() == {"streams"}, "one key: streams")
    _insist(isinstance(pushed["streams"], list) and bool(pushed["streams"]), "streams")
    return [line for stream in pushed["streams"] for line in _read_stream(stream)]


def _read_stream(stream: Any) -> list[Line]:
    _insist(isinstance(stream, dict) and stream.keys() == {"stream", "values"}, "keys of a stream")
    labels, values = stream["stream"], stream["values"]
    _insist(isinstance(labels, dict) and 0 < len(labels) <= LABELS_MAX, "labels")
    for name, value in labels.items():
        _insist(bool(LABEL_NAME.fullmatch(name)), f"label {name!r}")
        _insist(isinstance(value, str) and bool(value), f"value of {name}")
    _insist(isinstance(values, list) and bool(values), "values")
    return [_read_entry(labels, entry) for entry in values]


def _read_entry(labels: dict[str, str], entry: Any) -> Line:
    _insist(isinstance(entry, list) and len(entry) in (2, 3), "an entry is a pair, or has metadata")
    at, text, *metadata = entry
    _insist(isinstance(at, str) and bool(NANOSECONDS.fullmatch(at)), f"timestamp {at!r}")
    age_s = (time.time_ns() - int(at)) / NS_PER_S
    _insist(-NEWEST_S < age_s < OLDEST_S, "too old or too new")
    _insist(isinstance(text, str), "line")
    _insist(len(text.encode()) <= LINE_MAX_BYTES, "line too long")
    for given in metadata:
        _insist(isinstance(given, dict), "structured metadata")
        _insist(all(isinstance(value, str) for value in given.values()), "values of structured metadata")
    return Line(labels, int(at), text)


def _insist(condition: bool, what: str) -> None:
    if not condition:
        raise Refused(what)
