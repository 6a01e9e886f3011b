"""Every service of docker-compose.yml is run by its very command, with its very environment, outside a container.

What differs is what containers would give: folders, ports of its own for each process, and the programs of the images,
here those of the virtual environment and of Debian. MongoDB is the embedded one. Loki and Grafana cannot be had here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from butler_project.embedded.redis import find_redis_server
from butler_project.embedded.services import mongodb_service
from tests.deploy.compose import OURS, SERVICES, build_environment, read_command, read_healthcheck
from tests.harness.ports import reserve_port
from tests.harness.processes import PROJECT_DIR, Child, wait_until
from tests.harness.stack import SANDBOX_READY

pytestmark = pytest.mark.system

TOKEN = "4711:compose"
HOST = "butler.example"
WATCHERS = ("prometheus", "alertmanager")
METRICS = {"bot": "BOT_METRICS_PORT"} | dict.fromkeys(
    ("worker-replies", "worker-background", "worker-digests", "worker-reader"), "WORKER_METRICS_PORT"
)
NO_WATCHER = dict.fromkeys(("LOKI_URL", "PROMETHEUS_URL", "ALERTMANAGER_URL", "GRAFANA_URL"), "")
STANDARD_PORTS = {"redis": 6379, "prometheus": 9090, "alertmanager": 9093}
HEALTHCHECK_TIMEOUT_S = 60
BEAT_WAIT_S = 120  # four times its usual interval


class House:
    """What docker-compose.yml describes, as processes of this machine."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.secrets = directory / "secrets"
        self.programs = directory / "bin"
        self.ports = {name: reserve_port() for name in (*STANDARD_PORTS, *METRICS, "web")}
        self.mongodb = mongodb_service(directory / "mongodb")
        self.sandbox = self._start_sandbox()
        self.children: dict[str, Child] = {"sandbox": self.sandbox}
        self._make_secrets()
        self._make_programs()

    def stop(self) -> None:
        for child in self.children.values():
            child.ask_to_stop()
        for child in self.children.values():
            child.stop()
        self.mongodb.stop()

    def start(self, name: str) -> Child:
        """Start a service by its command."""
        child = Child(name, self._command(name), environment=self.environment(name), log_dir=self._log_dir())
        self.children[name] = child
        child.start()
        return child

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker compose exec` or `run` does, to its end."""
        return subprocess.run(
            command,
            cwd=PROJECT_DIR,
            env={**os.environ, **self.environment(name)},
            capture_output=True,
            text=True,
            check=False,
            timeout=HEALTHCHECK_TIMEOUT_S,
        )

    def is_healthy(self, name: str) -> bool:
        """Run a service's health check once."""
        standard = STANDARD_PORTS.get(name)
        command = [
            part.replace("/run/secrets", str(self.secrets)).replace(
                f"127.0.0.1:{standard}", f"127.0.0.1:{self.ports.get(name)}"
            )
            for part in read_healthcheck(name)
        ]
        return self.run(name, command).returncode == 0

    def environment(self, name: str) -> dict[str, str]:
        found = build_environment(name, secrets=self.secrets, data=self.directory, ALLOWED_HOSTS=HOST)
        own = {"PATH": f"{self.programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
        if name in OURS:
            own |= NO_WATCHER | {"TELEGRAM_API_URL": self.telegram_url, "PYTHONUNBUFFERED": "1"}
            # Whoever looks at all services, the web process, has to know where they are on this machine.
            own["WEB_PORT"] = str(self.ports["web"])
            own["BOT_METRICS_PORT"] = str(self.ports["bot"])
        if name in METRICS:
            own[METRICS[name]] = str(self.ports[name])
        return {**found, **own}

    def _command(self, name: str) -> list[str]:
        command = [part.replace("/run/secrets", str(self.secrets)) for part in read_command(name)]
        if name in WATCHERS:
            listen = f"--web.listen-address=127.0.0.1:{self.ports[name]}"
            return [
                "prometheus-alertmanager" if name == "alertmanager" else name,  # as Debian calls it
                *(self._replace_folders(name, part) for part in command),
                listen,
            ]
        return [part.replace("/data/", f"{self.directory}/") for part in command]

    def _replace_folders(self, name: str, part: str) -> str:
        for volume in SERVICES[name]["volumes"]:
            source, target = volume.split(":")[:2]
            folder = PROJECT_DIR / source if source.startswith("./") else self.directory / source
            part = part.replace(f"={target}", f"={folder}")
        return part

    def _start_sandbox(self) -> Child:
        options = ["--host", "127.0.0.1", "--port", "0", "--token", TOKEN]
        command = [sys.executable, "-m", "sandbox", *options]
        child = Child("sandbox", command, environment={}, log_dir=self._log_dir())
        child.start()
        child.wait_for_output(SANDBOX_READY)
        self.telegram_url = child.recent_output.split(SANDBOX_READY)[1].split()[0]
        return child

    def _make_secrets(self) -> None:
        (self.directory / "deploy").mkdir()
        script = self.directory / "deploy" / "make-secrets.sh"
        script.write_bytes((PROJECT_DIR / "deploy" / "make-secrets.sh").read_bytes())
        subprocess.run(["sh", script], env={**os.environ, "TELEGRAM_BOT_TOKEN": TOKEN}, check=True)
        (self.secrets / "mongodb_url").write_text(self.mongodb.start())
        redis_url = (self.secrets / "redis_url").read_text()
        (self.secrets / "redis_url").write_text(
            redis_url.replace("@redis:6379", f"@127.0.0.1:{self.ports['redis']}")
        )

    def _make_programs(self) -> None:
        """Put Redis on the path, where it keeps to its port and folder."""
        self.programs.mkdir()
        folder = find_redis_server().parent
        port, data = self.ports["redis"], self.directory
        for name, options in (
            ("redis-server", f"--port {port} --bind 127.0.0.1 --dir {data}"),
            ("redis-cli", f"-p {port}"),
        ):
            given = f'"$@" {options}' if name == "redis-server" else f'{options} "$@"'
            (self.programs / name).write_text(f"#!/bin/sh\nexec {folder / name} {given}\n")
            (self.programs / name).chmod(0o755)

    def _log_dir(self) -> Path:
        found = self.directory / "log"
        found.mkdir(exist_ok=True)
        return found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("house"))
    try:
        found.start("redis")
        wait_until(lambda: found.is_healthy("redis"), what="Redis")
        migrated = found.run("migrate", read_command("migrate"))
        assert migrated.returncode == 0, migrated.stderr
        for name in OURS:
            if name != "migrate":
                found.start(name)
        for name in WATCHERS:
            found.start(name)
        wait_until(lambda: found.is_healthy("web"), timeout_s=60, what="the web process")
        for name in METRICS:
            if name != "bot":
                found.children[name].wait_for_output("ready", timeout_s=60)
        yield found
    finally:
        found.stop()


@pytest.mark.parametrize("name", ["redis", *(name for name in OURS if name != "migrate"), *WATCHERS])
def test_a_service_runs_and_is_healthy(house: House, name: str) -> None:
    wait_until(lambda: house.is_healthy(name), timeout_s=60, what=f"a healthy {name}")

    assert house.children[name].is_running


@pytest.mark.parametrize("name", sorted(METRICS))
def test_metrics_are_served_beyond_the_process(house: House, name: str) -> None:
    url = f"http://127.0.0.2:{house.ports[name]}/metrics"  # another address of this machine

    wait_until(lambda: answers(url), what=f"metrics of {name}")


def answers(url: str) -> bool:
    try:
        return "structured_logs_total" in requests.get(url, timeout=5).text
    except requests.RequestException:
        return False


def test_prometheus_is_let_in_by_its_name_for_us_and_a_stranger_is_not(house: House) -> None:
    url = f"http://127.0.0.1:{house.ports['web']}/metrics"

    answered = [
        requests.get(url, headers={"Host": host}, timeout=10).status_code for host in ("web:8000", "other")
    ]

    assert answered == [200, 400]


def test_the_configuration_passes_djangos_checks_for_deployment(house: House) -> None:
    command = ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"]

    checked = house.run("web", command)

    assert (checked.returncode, checked.stdout.strip()) == (
        0,
        "System check identified no issues (1 silenced).",
    )


def check_infra(house: House) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    checked = house.run("web", ["python", "manage.py", "check_infra", "--patience", "10"])
    lines = [line.split() for line in checked.stdout.splitlines() if line[0] != "-"]
    return checked, {service: state for state, service, *_ in lines}


def test_everything_passes_the_check_but_the_database_that_is_no_replica_set(house: House) -> None:
    checked, states = check_infra(house)
    give_up_at = time.monotonic() + BEAT_WAIT_S
    while states["beat"] == "FAILED" and time.monotonic() < give_up_at:  # its first sweep is not due at once
        checked, states = check_infra(house)

    queues = {f"queue-{queue}" for queue in ("background", "digests", "files", "replies", "speech")}
    assert states == dict.fromkeys({"redis", "web", "llm", "bot", "beat", *queues}, "ok") | {
        "mongodb": "FAILED"
    }
    assert "answers without a password" in checked.stdout
    assert checked.returncode == 1
    assert (house.secrets / "redis_password").read_text() not in checked.stdout + checked.stderr


# The last ones of this module: what they stop stays so.
@pytest.mark.parametrize("name", [*WATCHERS, "web"])
def test_a_service_that_has_stopped_is_not_healthy(house: House, name: str) -> None:
    house.children[name].stop()

    assert house.is_healthy(name) is False


def test_without_redis_nobody_who_needs_it_is_healthy(house: House) -> None:
    house.children["redis"].stop()

    assert [name for name in ("redis", "bot") if house.is_healthy(name)] == []
