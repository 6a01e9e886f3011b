"""One process at a time: who holds a lease, who is told that it is taken, and when it is free again."""

from __future__ import annotations

from typing import Any

import pytest

from leases import Lease, LeaseTaken, holding
from redis_connection import redis_client
from tests.harness.processes import wait_until

KEY = "lease-of-a-test"


def test_a_lease_has_one_holder_until_it_is_given_back() -> None:
    with holding(KEY), pytest.raises(LeaseTaken), holding(KEY):
        pass

    with holding(KEY) as lease:
        assert lease.is_lost is False
    assert redis_client().exists(KEY) == 0


def test_a_renewal_that_is_late_does_not_take_what_was_given_back() -> None:
    with holding(KEY) as lease:
        lease.renew()

    lease.renew()

    assert (redis_client().exists(KEY), lease.is_lost) == (0, False)


def test_a_lease_that_ran_out_is_taken_anew_unless_another_has_it() -> None:
    lease, other = Lease(KEY), Lease(KEY)
    lease.take()
    redis_client().delete(KEY)

    lease.renew()
    assert (redis_client().exists(KEY), lease.is_lost) == (1, False)

    redis_client().delete(KEY)
    other.take()
    lease.renew()
    assert lease.is_lost is True
    lease.give_back()
    with pytest.raises(LeaseTaken):
        Lease(KEY).take()
    other.give_back()


def test_a_lease_is_renewed_while_it_is_held(settings: Any) -> None:
    settings.TURN_LEASE_S = 3

    with holding(KEY) as lease:
        redis_client().pexpire(KEY, 1_500)
        wait_until(lambda: redis_client().pttl(KEY) > 1_500, what="a renewed lease")

    assert lease.is_lost is False
