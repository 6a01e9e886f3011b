"""docker-compose.yml and the Dockerfile as tests read them, and the environment that they give to a process."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from butler_project.embedded.discovery import PROJECT_DIR

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "butler:latest")
WATCHERS = ["alertmanager", "grafana", "loki", "prometheus"]
DOCKERFILE = (PROJECT_DIR / "Dockerfile").read_text()

SECRETS = "/run/secrets"
REQUIRED = re.compile(r"\$\{([A-Z_]+):\?[^}]*\}")


def read_instruction(name: str) -> list[str]:
    """Return the arguments of the image's last CMD, or of its HEALTHCHECK's, which are written as JSON."""
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    line = [line for line in lines if line.startswith(name)][-1]
    arguments: list[str] = json.loads(line[line.index("[") :])
    return arguments


def build_environment(name: str, *, secrets: Path, data: Path, **required: str) -> dict[str, str]:
    """Return the variables that compose gives to a service, with folders of this machine for the container's.

    `required` are those that the operator has to put into .env.
    """
    found = {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}
    return {
        key: REQUIRED.sub(lambda match: required[match[1]], value)
        .replace(SECRETS, str(secrets))
        .replace("/data", str(data))
        for key, value in found.items()
    }


def read_command(name: str) -> list[str]:
    """Return a service's command as the container gets it."""
    command = SERVICES[name].get("command") or read_instruction("CMD")
    return [unescape(part) for part in command]


def read_healthcheck(name: str) -> list[str]:
    """Return the command of a service's health check as the container gets it."""
    healthcheck = SERVICES[name].get("healthcheck")
    if healthcheck is None:
        return read_instruction("HEALTHCHECK")
    kind, *command = [unescape(part) for part in healthcheck["test"]]
    return ["sh", "-c", *command] if kind == "CMD-SHELL" else command


def unescape(text: str) -> str:
    return text.replace("$$", "$")
