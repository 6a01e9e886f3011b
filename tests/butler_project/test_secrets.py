from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from butler_project.secrets import keep_secret


def test_a_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = keep_secret(tmp_path / "run" / "secret")

    assert keep_secret(tmp_path / "run" / "secret") == first
    assert len(first) == 64


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    keep_secret(tmp_path / "secret")

    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_processes_that_start_together_agree_on_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        secrets = set(threads.map(lambda _: keep_secret(tmp_path / "secret"), range(64)))

    assert len(secrets) == 1


def test_two_secrets_differ(tmp_path: Path) -> None:
    assert keep_secret(tmp_path / "one") != keep_secret(tmp_path / "two")
