"""Rows on their way to a database that may be away, slow to confirm, or unwilling."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.errors import AutoReconnect

from llm.exchange_writer import BATCH_ROWS, NAMED_S, SETTLED_S, ExchangeWriter, Row
from tests.harness.processes import wait_until

SOON_S = 0.01


class Table:
    """Takes rows as the database does, once each; `answers` are what it says to one insert after another."""

    def __init__(self, *answers: Exception | int) -> None:
        self.rows: dict[int, Row] = {}
        self.batches: list[int] = []
        self._answers = list(answers)

    def insert(self, rows: list[Row]) -> int:
        self.batches.append(len(rows))
        answer = self._answers.pop(0) if self._answers else 0
        if isinstance(answer, Exception):
            raise answer
        for row in rows:
            self.rows.setdefault(row["_id"], row)
        return answer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def row(number: int) -> Row:
    return {"_id": number, "user_id": "42"}


def add(writer: ExchangeWriter, numbers: Iterable[int]) -> None:
    for number in numbers:
        writer.add(row(number))


def count_lost() -> float:
    return REGISTRY.get_sample_value("llm_exchanges_lost_total") or 0.0


def test_what_is_added_is_written_before_long_and_together() -> None:
    table = Table()
    writer = ExchangeWriter(table.insert, flush_s=0.1)

    with writer._changed:  # nobody looks before all three are there
        add(writer, range(3))
    wait_until(lambda: table.rows, what="the rows")
    assert table.batches == [3]

    add(writer, [3])
    wait_until(lambda: 3 in table.rows, what="one row more")
    assert table.batches == [3, 1]


def test_a_full_batch_does_not_wait() -> None:
    table = Table()
    writer = ExchangeWriter(table.insert, flush_s=3_600)

    add(writer, range(BATCH_ROWS))

    wait_until(lambda: table.rows, what="the rows")
    assert table.batches == [BATCH_ROWS]


def test_of_many_threads_every_row_is_written_once() -> None:
    table = Table()
    writer = ExchangeWriter(table.insert, flush_s=SOON_S)
    threads = [
        threading.Thread(target=add, args=(writer, range(start, start + 200)))
        for start in range(0, 1_600, 200)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush()

    assert sorted(table.rows) == list(range(1_600))
    assert sum(table.batches) == 1_600


def test_a_database_that_is_away_is_asked_again_until_it_is_back() -> None:
    table = Table(AutoReconnect("away"), AutoReconnect("away"))
    writer = ExchangeWriter(table.insert, flush_s=SOON_S, clock=Clock())  # by which no row is late

    add(writer, [0])

    wait_until(lambda: table.rows, what="the row")
    assert table.rows == {0: row(0)}
    assert table.batches == [1, 1, 1]


def test_a_flush_says_whether_everything_is_written() -> None:
    table = Table(AutoReconnect("away"))
    writer = ExchangeWriter(table.insert, flush_s=3_600)
    add(writer, [0])

    assert [writer.flush(), len(table.rows), writer.flush(), len(table.rows)] == [False, 0, True, 1]


def test_what_too_many_wait_for_is_lost_and_counted() -> None:
    table = Table(AutoReconnect("away"))
    writer = ExchangeWriter(table.insert, flush_s=3_600, most_waiting=2)
    before = count_lost()

    add(writer, range(5))
    assert count_lost() - before == 3
    assert not writer.flush()
    assert writer.flush()
    add(writer, [5])
    assert writer.flush()

    assert sorted(table.rows) == [0, 1, 5]
    assert count_lost() - before == 3


@pytest.mark.parametrize(("answer", "lost"), [(1, 1), (OverflowError("too large"), 3)])
def test_what_is_refused_for_good_is_lost_and_holds_nobody_up(answer: Any, lost: int) -> None:
    table = Table(answer)
    writer = ExchangeWriter(table.insert, flush_s=3_600)
    before = count_lost()

    add(writer, range(3))
    assert writer.flush()
    add(writer, [3])
    assert writer.flush()

    assert count_lost() - before == lost
    assert 3 in table.rows


def test_a_row_that_comes_late_names_nobody() -> None:
    table, clock = Table(), Clock()
    writer = ExchangeWriter(table.insert, flush_s=3_600, clock=clock)
    add(writer, [0])
    clock.now = NAMED_S + 0.1
    add(writer, [1])

    assert writer.flush()

    assert [table.rows[number]["user_id"] for number in range(2)] == ["", "42"]
    assert SETTLED_S > NAMED_S


def test_a_forked_child_leaves_to_its_parent_what_the_parent_has_recorded() -> None:
    table = Table()
    writer = ExchangeWriter(table.insert, flush_s=3_600)
    add(writer, [0])
    reading, writing = os.pipe()

    child = os.fork()
    if not child:
        writer.start_afresh()
        add(writer, [1])
        os.write(writing, f"{writer.flush()} {list(table.rows)}".encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 100) == b"True [1]"
    assert writer.flush()
    assert list(table.rows) == [0]


def test_what_is_discarded_is_not_written() -> None:
    table = Table()
    writer = ExchangeWriter(table.insert, flush_s=3_600)
    add(writer, [0])

    writer.discard()

    assert writer.flush()
    assert table.batches == []
