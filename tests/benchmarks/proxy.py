"""A TCP proxy on loopback that notes each command on its way to a server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from tests.benchmarks.wire import Command, CommandReader

HOST = "127.0.0.1"
CHUNK_BYTES = 65_536
NOTHING_CAME = (b"*-1\r\n", b"_\r\n")  # Redis's answers to a blocking command whose time ran out


@dataclass(slots=True)
class Sent:
    """A command, when it passed (Unix seconds), and the client's port."""

    at: float
    client_port: int
    command: Command
    is_timed_out: bool = False


class CountingProxy:
    """`with CountingProxy(port, MongoReader) as proxy:` — clients use `proxy.port`; `proxy.sent` is the log."""

    def __init__(self, server_port: int, make_reader: Callable[[], CommandReader]) -> None:
        self.sent: list[Sent] = []
        self._server_port = server_port
        self._make_reader = make_reader
        self._listener = socket.create_server((HOST, 0), backlog=128)
        self._sockets: list[socket.socket] = [self._listener]
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        for connection in self._sockets:
            _shut(connection)

    def since(self, at: float) -> list[Sent]:
        """Return what passed from `at` (Unix seconds) on."""
        return [sent for sent in list(self.sent) if sent.at >= at]

    def _accept(self) -> None:
        while True:
            try:
                client, (_, port) = self._listener.accept()
            except OSError:  # stopped
                return
            server = socket.create_connection((HOST, self._server_port))
            for connection in (client, server):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            passage = _Passage(client, server, port, self._make_reader(), self.sent)
            threading.Thread(target=passage.carry_commands, daemon=True).start()
            threading.Thread(target=passage.carry_answers, daemon=True).start()


class _Passage:
    """One connection, carried in both directions."""

    def __init__(
        self,
        client: socket.socket,
        server: socket.socket,
        client_port: int,
        reader: CommandReader,
        log: list[Sent],
    ) -> None:
        self._client, self._server = client, server
        self._client_port = client_port
        self._reader = reader
        self._log = log
        self._last: Sent | None = None

    def carry_commands(self) -> None:
        self._carry(self._client, self._server, self._note)

    def carry_answers(self) -> None:
        self._carry(self._server, self._client, self._look_for_timeout)

    def _carry(self, source: socket.socket, target: socket.socket, look: Callable[[bytes], None]) -> None:
        try:
            while received := source.recv(CHUNK_BYTES):
                look(received)
                target.sendall(received)
        except OSError:
            pass  # one side went away: so does the other
        _shut(source)
        _shut(target)

    def _note(self, received: bytes) -> None:
        now = time.time()
        for command in self._reader.feed(received):
            self._last = Sent(now, self._client_port, command)
            self._log.append(self._last)

    def _look_for_timeout(self, received: bytes) -> None:
        last = self._last
        if last is not None and received in NOTHING_CAME and last.command.label.startswith("BRPOP"):
            last.is_timed_out = True


def _shut(connection: socket.socket) -> None:
    """Close, and wake whoever waits for bytes."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
