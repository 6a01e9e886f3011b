from __future__ import annotations

import stat
from pathlib import Path

import environ
import pytest

from butler_project.embedded.discovery import (
    PROJECT_DIR,
    Endpoints,
    Wanted,
    endpoints_path,
    find_data_dir,
    find_wanted,
    read_endpoints,
    read_environment,
    remove_endpoints,
    write_endpoints,
)

FULL = Endpoints(
    mongodb_url="mongodb://127.0.0.1:27000/butler?directConnection=true",
    redis_url="redis://127.0.0.1:27001/0",
    telegram_api_url="http://127.0.0.1:8081",
    telegram_bot_token="sandbox:1",
)


@pytest.mark.parametrize("endpoints", [FULL, Endpoints(redis_url="redis://127.0.0.1:1/0"), Endpoints()])
def test_what_was_written_is_read(endpoints: Endpoints, tmp_path: Path) -> None:
    write_endpoints(tmp_path, endpoints)

    assert read_endpoints(tmp_path) == endpoints


def test_the_file_is_private_and_alone(tmp_path: Path) -> None:
    write_endpoints(tmp_path, Endpoints())
    write_endpoints(tmp_path, FULL)

    assert stat.S_IMODE(endpoints_path(tmp_path).stat().st_mode) == 0o600
    assert list(endpoints_path(tmp_path).parent.iterdir()) == [endpoints_path(tmp_path)]


@pytest.mark.parametrize("content", ["", "{", "[]", '"x"', "\udcff", '{"redis_url": 5, "unknown": "x"}'])
def test_what_cannot_be_understood_counts_as_nothing(content: str, tmp_path: Path) -> None:
    write_endpoints(tmp_path, FULL)
    endpoints_path(tmp_path).write_bytes(content.encode("utf-8", "surrogateescape"))

    assert read_endpoints(tmp_path) == Endpoints()


def test_without_a_run_there_are_no_endpoints(tmp_path: Path) -> None:
    write_endpoints(tmp_path, FULL)
    remove_endpoints(tmp_path)
    remove_endpoints(tmp_path)

    assert read_endpoints(tmp_path) == Endpoints()


def test_only_what_has_no_address_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    env_file = tmp_path / "env"
    env_file.write_text("MONGODB_URL=mongodb://db/butler\n")
    monkeypatch.setenv("BUTLER_ENV_FILE", str(env_file))
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:x")
    monkeypatch.setenv("MONGODB_URL", "")  # so that what the file adds to the environment is undone
    monkeypatch.delenv("MONGODB_URL")

    assert find_wanted(read_environment()) == Wanted(mongodb=False, redis=True, sandbox=False)


def test_secret_addresses_may_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "redis_url").write_text("redis://cache/0\n")
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "redis_url"))

    assert find_wanted(read_environment()) == Wanted(mongodb=True, redis=False, sandbox=True)


@pytest.mark.parametrize(("value", "expected"), [("data", PROJECT_DIR / "data"), ("/srv/b", Path("/srv/b"))])
def test_a_relative_data_dir_starts_at_the_project(
    value: str, expected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", value)

    assert find_data_dir(read_environment()) == expected


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_secret_whose_file_cannot_be_read_is_named_and_not_shown(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    env_file = tmp_path / "env"
    env_file.write_text("MISTRAL_API_KEY=\n")
    monkeypatch.setenv("BUTLER_ENV_FILE", str(env_file))
    monkeypatch.setenv("MISTRAL_API_KEY_FILE", str(secret))

    with pytest.raises(environ.ImproperlyConfigured, match=r"^MISTRAL_API_KEY_FILE names a file that"):
        read_environment()
