from __future__ import annotations

from pathlib import Path

import pytest

from butler_project.supervisor.journal import LIMIT_BYTES, Journal, summarise


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '{"event": "reply failed", "level": "error", "trace_id": "7", "timestamp": "x"}',
            "ERROR reply failed trace_id=7",
        ),
        ('{"event": "reply sent", "level": "info"}', None),
        ('{"level": "critical"}', "CRITICAL "),
        ("Traceback (most recent call last):", None),
        ('{"level": "error"', None),
        ('{"level": ["error"]}', None),
        ("[1]", None),
        ("", None),
    ],
)
def test_only_warnings_and_worse_are_for_the_terminal(line: str, expected: str | None) -> None:
    assert summarise(line) == expected


def test_the_file_goes_on_where_it_was(tmp_path: Path) -> None:
    for line in ("first run", "second run"):
        journal = Journal("web", tmp_path)
        journal.write(line)
        journal.close()

    assert (tmp_path / "web.log").read_text() == "first run\nsecond run\n"


def test_a_percent_sign_is_no_format(tmp_path: Path) -> None:
    journal = Journal("web", tmp_path)
    journal.write("100 %s")
    journal.close()

    assert journal.path.read_text() == "100 %s\n"


def test_long_logs_are_rotated_and_limited(tmp_path: Path) -> None:
    journal = Journal("web", tmp_path)
    line = "x" * (LIMIT_BYTES // 4)
    for _ in range(30):
        journal.write(line)
    journal.close()

    assert len(list(tmp_path.glob("web.log*"))) == 4
    assert all(path.stat().st_size <= LIMIT_BYTES for path in tmp_path.iterdir())
