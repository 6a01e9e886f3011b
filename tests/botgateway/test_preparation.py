from __future__ import annotations

from botgateway.preparers.prepare import is_request_due
from redis_connection import redis_client


def test_what_is_being_prepared_is_not_asked_for_again() -> None:
    """A second request in the hands of a worker that is killed over the first would be waited for."""
    key = "6b01c61c86e541b49afee719"
    redis_client().set(f"preparation:{key}", "a worker", px=10_000)
    try:
        assert not is_request_due(key)
    finally:
        redis_client().delete(f"preparation:{key}")

    assert is_request_due(key)
    assert not is_request_due(key)
