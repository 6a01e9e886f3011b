from __future__ import annotations

import pytest
from django.db import DatabaseError

from observability.dataset import SHOWN_FOR_S, PacedCount


@pytest.mark.parametrize("failure", [None, DatabaseError("away")])
def test_the_dataset_is_counted_once_a_minute_whether_or_not_the_database_is_there(
    failure: Exception | None,
) -> None:
    now, counted = [0.0], []

    def count() -> None:
        counted.append(now[0])
        if failure is not None:
            raise failure

    paced = PacedCount(count, clock=lambda: now[0])
    for moment in (0.0, 1.0, SHOWN_FOR_S - 1, SHOWN_FOR_S, SHOWN_FOR_S + 1):
        now[0] = moment
        paced.show()

    assert counted == [0.0, SHOWN_FOR_S]
