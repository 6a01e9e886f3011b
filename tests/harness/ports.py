"""Ports for processes that listen seconds after theirs was chosen: meanwhile it is nobody else's."""

from __future__ import annotations

import secrets
import socket

from butler_project.embedded.services import FREE_PORTS, PORT_TRIES, is_port_free

# Beside those of the embedded servers, which choose for themselves and know of no reservation.
RESERVED_PORTS = range(12_000, FREE_PORTS.start)

_claims: list[socket.socket] = []


def reserve_port() -> int:
    """Return a free port that nobody else is given as long as this process lives, in another pytest process neither.

    Raises `RuntimeError` when a hundred tries found none.
    """
    for _ in range(PORT_TRIES):
        port = secrets.choice(RESERVED_PORTS)
        if is_port_free(port) and _claim(port):
            return port
    raise RuntimeError(f"no free port among {RESERVED_PORTS.start} to {RESERVED_PORTS.stop - 1}")


def _claim(port: int) -> bool:
    """Take a name that the kernel gives to one socket of the machine, and takes back when its process ends."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0butler-tests-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
