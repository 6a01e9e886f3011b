"""What docker-compose.yml must keep to, whatever is added to it."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler_project.embedded.discovery import PROJECT_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "butler:latest")


def test_the_parts_of_butler_are_there() -> None:
    assert OURS == ["beat", "bot", "migrate", "web", "worker-background", "worker-reader", "worker-replies"]
    assert set(SERVICES) - set(OURS) >= {"mongodb", "redis"}


def test_only_the_web_port_is_published_and_to_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:${WEB_PORT:-8000}:8000"]}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_comes_back_is_looked_after_and_pinned(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert "healthcheck" in service or name == "web"  # the web process has the image's
    assert re.search(r":[\w.-]+$", service["image"])
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", OURS)
def test_butler_can_write_to_its_volume_only(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["volumes"] == ["data:/data"]
    assert service["environment"]["DEBUG"] == "false"


def test_every_queue_has_a_worker() -> None:
    queues = [
        queue
        for service in SERVICES.values()
        for part in service.get("command") or []
        if part.startswith("--queues=")
        for queue in part.removeprefix("--queues=").split(",")
    ]

    assert sorted(queues) == ["background", "files", "replies", "speech"]


def test_all_queues_are_served_on_a_laptop_too() -> None:
    procfile = (PROJECT_DIR / "Procfile").read_text()

    assert re.findall(r" -Q (\S+) ", procfile) == ["replies,background", "speech,files"]


def test_secrets_come_from_files() -> None:
    named = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}

    assert named == set(COMPOSE["secrets"])
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert {
            value.removeprefix("/run/secrets/") for key, value in environment.items() if "_FILE" in key
        } >= set(SERVICES[name]["secrets"])


def make_secrets(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (directory / "deploy").mkdir(exist_ok=True)
    script = directory / "deploy" / "make-secrets.sh"
    script.write_bytes((PROJECT_DIR / "deploy" / "make-secrets.sh").read_bytes())
    return subprocess.run(
        ["sh", str(script)],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_secrets_are_made_once(tmp_path: Path) -> None:
    assert make_secrets(tmp_path, TELEGRAM_BOT_TOKEN="1:x").returncode == 0
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert make_secrets(tmp_path, TELEGRAM_BOT_TOKEN="2:y").returncode == 0
    second = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    assert first == second
    assert set(first) == {*COMPOSE["secrets"], ".gitignore"}
    assert first["telegram_bot_token"] == "1:x"
    assert first["mongodb_password"] in first["mongodb_url"]
    assert first["redis_password"] in first["redis_url"]
    assert len(first["secret_key"]) >= 50
    assert 6 <= len(first["mongodb_keyfile"]) <= 1024
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_the_token_may_be_in_the_env_file_and_must_be_somewhere(tmp_path: Path) -> None:
    missing = make_secrets(tmp_path)
    (tmp_path / ".env").write_text('WEB_PORT=1\nTELEGRAM_BOT_TOKEN="4711:abc"\n')

    assert missing.returncode == 1
    assert "TELEGRAM_BOT_TOKEN is missing" in missing.stderr
    assert make_secrets(tmp_path).returncode == 0
    assert (tmp_path / "secrets" / "telegram_bot_token").read_text() == "4711:abc"
