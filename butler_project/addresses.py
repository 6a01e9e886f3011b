"""Where a request comes from, told by those alone who can know."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
CUSTOMER_PREFIX_BITS = 64  # of IPv6: within it whoever has one address has them all, RFC 6177


def find_origin(request: HttpRequest) -> str:
    """Return the address of whoever asks; of IPv6 the network, of which one customer has at least this one.

    In production there is a proxy in front, on this machine or in a private network, that adds its client to
    `X-Forwarded-For`. What stands before that may be written by anybody. From anywhere else the whole header may.
    """
    peer = _read(request.META.get("REMOTE_ADDR", ""))
    if peer is None:
        return UNKNOWN
    if settings.IS_PRODUCTION and not peer.is_global:
        added = request.headers.get("X-Forwarded-For", "").rpartition(",")[2]
        return _name(_read(added) or peer)
    return _name(peer)


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        read = ip_address(address.strip())
    except ValueError:
        return None
    return getattr(read, "ipv4_mapped", None) or read


def _name(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address.packed, CUSTOMER_PREFIX_BITS), strict=False))
