"""What docker-compose.yml must keep to, whatever is added to it."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from botgateway.domain.broadcasts import LANES
from butler_project.embedded.discovery import PROJECT_DIR
from tests.deploy.compose import COMPOSE, OURS, SERVICES, WATCHERS

SERVERS = ["mongodb", "redis"]
OTHERS = [*SERVERS, *WATCHERS]
EXACT_VERSION = re.compile(r":v?\d+\.\d+\.\d+(-[a-z]+)?$")
MAKE_SECRETS = PROJECT_DIR / "deploy" / "make-secrets.sh"


def test_the_parts_of_butler_are_there() -> None:
    assert OURS == [
        "beat",
        "bot",
        "migrate",
        "web",
        "worker-background",
        "worker-digests",
        "worker-reader",
        "worker-replies",
    ]
    assert sorted(set(SERVICES) - set(OURS)) == sorted(OTHERS)


def test_only_the_web_port_is_published_and_to_this_machine_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:${WEB_PORT:-8000}:8000"]}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_comes_back_is_looked_after_and_pinned(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert "healthcheck" in service or name == "web"  # the web process has the image's
    assert name in OURS or EXACT_VERSION.search(service["image"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    # Ours run as the image says.
    assert ("user" in service) is (name not in OURS)
    assert service.get("user") not in ("root", "0")


@pytest.mark.parametrize("name", OURS)
def test_butler_can_write_to_its_volume_only(name: str) -> None:
    assert SERVICES[name]["volumes"] == ["data:/data"]
    assert SERVICES[name]["environment"]["DEBUG"] == "false"


@pytest.mark.parametrize("name", OTHERS)
def test_others_write_to_volumes_of_their_own_and_only_read_our_files(name: str) -> None:
    volumes = [volume.split(":") for volume in SERVICES[name]["volumes"]]
    written = [source for source, *_ in volumes if not source.startswith("./")]
    read = [(source, rest) for source, *rest in volumes if source.startswith("./")]

    assert written
    assert set(written) <= set(COMPOSE["volumes"])
    assert {source.partition("-")[0] for source in written} == {name}
    assert [source for source, (_, *mode) in read if mode != ["ro"]] == []
    assert [source for source, _ in read if not (PROJECT_DIR / source).exists()] == []


def test_the_file_that_a_service_is_told_to_read_is_mounted() -> None:
    told = {
        name: part.partition("=")[2]
        for name in WATCHERS
        for part in SERVICES[name].get("command", [])
        if "config.file=" in part
    }

    assert sorted(told) == ["alertmanager", "loki", "prometheus"]
    for name, path in told.items():
        mounts = [volume.split(":") for volume in SERVICES[name]["volumes"] if volume.startswith("./")]
        (found,) = [
            PROJECT_DIR / source / Path(path).relative_to(target)
            for source, target, _ in mounts
            if Path(path).is_relative_to(target)
        ]
        assert found.is_file()


def test_data_has_no_way_out_and_who_watches_no_way_to_it() -> None:
    networks = {name: set(service.get("networks", ["default"])) for name, service in SERVICES.items()}

    assert {name for name, network in COMPOSE["networks"].items() if network["internal"]} == {
        "data",
        "monitoring",
    }
    assert [networks[name] for name in SERVERS] == [{"data"}] * 2
    assert [name for name in WATCHERS if "data" in networks[name]] == []
    assert [name for name in OTHERS if "default" in networks[name]] == ["alertmanager"]  # to tell people
    assert [name for name in OURS if networks[name] != {"default", "data", "monitoring"}] == ["migrate"]


def test_prometheus_asks_services_that_there_are_on_ports_that_they_have() -> None:
    configuration = yaml.safe_load((PROJECT_DIR / "deploy/prometheus/prometheus.yml").read_text())
    targets = [
        target.split(":")
        for job in configuration["scrape_configs"]
        for entry in job["static_configs"]
        for target in entry["targets"]
    ]
    ports = dict(targets)
    metering = [name for name in OURS if name not in ("beat", "migrate")]

    assert sorted(ports) == sorted([*metering, "alertmanager", "grafana", "localhost", "loki"])
    assert ports["web"] == SERVICES["web"]["environment"]["WEB_PORT"]
    assert SERVICES["web"]["environment"]["ALLOWED_HOSTS"].endswith(",web")
    assert {SERVICES[name]["environment"]["METRICS_HOST"] for name in metering} == {"0.0.0.0"}
    for name in metering:
        environment = SERVICES[name]["environment"]
        own = environment["BOT_METRICS_PORT" if name == "bot" else "WORKER_METRICS_PORT"]
        assert ports[name] == own or name == "web"


def test_butler_knows_its_watchers_by_their_names() -> None:
    environment = SERVICES["web"]["environment"]
    urls = {
        name: urlsplit(environment[f"{name}_URL"])
        for name in ("PROMETHEUS", "ALERTMANAGER", "LOKI", "GRAFANA")
    }

    assert {name: (url.hostname, url.port) for name, url in urls.items()} == {
        "PROMETHEUS": ("prometheus", 9090),
        "ALERTMANAGER": ("alertmanager", 9093),
        "LOKI": ("loki", 3100),
        "GRAFANA": ("grafana", 3000),
    }
    assert SERVICES["migrate"]["environment"]["LOKI_URL"] == ""  # it runs before the others are up


def test_every_queue_has_a_worker() -> None:
    queues = [
        queue
        for service in SERVICES.values()
        for part in service.get("command") or []
        if part.startswith("--queues=")
        for queue in part.removeprefix("--queues=").split(",")
    ]

    assert sorted(queues) == ["background", "digests", "files", "replies", "speech"]


def test_who_writes_to_many_leaves_threads_to_the_others() -> None:
    command = SERVICES["worker-background"]["command"]
    (threads,) = (int(part.partition("=")[2]) for part in command if part.startswith("--concurrency="))

    assert threads >= LANES + 2  # the nightly run may take one for hours, and beat's tasks want one


def test_all_queues_are_served_on_a_laptop_too() -> None:
    procfile = (PROJECT_DIR / "Procfile").read_text()

    assert re.findall(r" -Q (\S+) ", procfile) == ["replies,background", "speech,files,digests"]


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
    script.write_bytes(MAKE_SECRETS.read_bytes())
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
    assert {name for name, text in first.items() if not text} == {"alertmanager_telegram_token"}
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE((tmp_path / "secrets" / name).stat().st_mode) for name in COMPOSE["secrets"]} == {
        0o644
    }


@pytest.mark.parametrize("written", ["4711:abc", '"4711:abc"', "'4711:abc' # of the house\r"])
def test_the_token_may_be_in_the_env_file_and_must_be_somewhere(tmp_path: Path, written: str) -> None:
    missing = make_secrets(tmp_path)
    (tmp_path / ".env").write_text(f"WEB_PORT=1\nTELEGRAM_BOT_TOKEN={written}\n")

    assert missing.returncode == 1
    assert "TELEGRAM_BOT_TOKEN is missing" in missing.stderr
    assert make_secrets(tmp_path).returncode == 0
    assert (tmp_path / "secrets" / "telegram_bot_token").read_text() == "4711:abc"
