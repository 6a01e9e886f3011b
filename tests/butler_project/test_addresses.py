from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from butler_project.addresses import UNKNOWN, find_origin

PROXY = "172.18.0.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (
            PROXY,
            "1.2.3.4, 198.51.100.7,203.0.113.9",
            "203.0.113.9",
        ),  # what the visitor has written comes first
        (PROXY, "2a02:6b8:1:2:3:4:5:6", "2a02:6b8:1:2::/64"),
        (PROXY, "::ffff:203.0.113.9", "203.0.113.9"),
        (PROXY, "", PROXY),
        (PROXY, "203.0.113.9, unknown", PROXY),
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "203.0.113.9", "203.0.113.9"),
        ("8.8.8.8", "203.0.113.9", "8.8.8.8"),  # no proxy of ours: the header is the visitor's own
        ("", "203.0.113.9", UNKNOWN),
    ],
)
def test_in_production_the_proxy_tells_who_asks(
    settings: Any, peer: str, forwarded: str, origin: str
) -> None:
    settings.IS_PRODUCTION = True
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})

    assert find_origin(request) == origin


def test_without_a_proxy_nobody_is_believed() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.168.1.5", headers={"X-Forwarded-For": "203.0.113.9"})

    assert find_origin(request) == "192.168.1.5"
