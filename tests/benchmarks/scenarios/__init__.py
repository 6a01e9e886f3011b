"""The scenarios by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.figures import Result
from tests.benchmarks.running import Plan
from tests.benchmarks.scenarios import (
    broadcast,
    closed,
    compression,
    counted,
    crowd,
    digests,
    flood,
    floor,
    kill,
    long_days,
    offered,
    staff_pages,
)

Scenario = Callable[[Plan], Result]

SCENARIOS: dict[str, Scenario] = {
    "counted": counted.run,
    "offered": offered.run,
    "closed": closed.run,
    "flood": flood.run,
    "crowd": crowd.run,
    "kill": kill.run,
    "floor": floor.run,
    "broadcast": broadcast.run,
    "compression": compression.run,
    "staff_pages": staff_pages.run,
    "digests": digests.run,
    "long_days": long_days.run,
}
