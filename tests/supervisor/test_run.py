"""`make run` as a person sees it: the real processes, over HTTP."""

from __future__ import annotations

import signal
import socket
import stat
import urllib.request
from collections.abc import Callable
from contextlib import closing

import pymongo
import pytest

from butler_project.embedded.discovery import Endpoints, read_endpoints
from butler_project.embedded.services import choose_port, is_port_free
from tests.harness.processes import wait_until, wait_until_ended
from tests.harness.telegram import SandboxClient
from tests.supervisor.conftest import Run

NO_WAY = "http://127.0.0.1:9"  # nothing listens there

StartRun = Callable[..., Run]


def fetch(url: str) -> tuple[int, str]:
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.status, response.read().decode()


def test_first_run_interrupt_and_second_run(start_run: StartRun) -> None:
    first = start_run()
    first.wait_until_ready()
    endpoints = read_endpoints(first.data_dir)
    first_mongodb_url = endpoints.mongodb_url
    password_path = first.data_dir / "run" / "admin_password"
    password = password_path.read_text().strip()

    assert fetch(f"http://127.0.0.1:{first.web_port}/health")[0] == 200
    assert fetch(f"http://127.0.0.1:{first.web_port}/admin/login/")[0] == 200
    assert endpoints.telegram_api_url in first.output
    assert fetch(endpoints.telegram_api_url)[0] == 200
    assert f"admin / {password}" in first.output
    assert stat.S_IMODE(password_path.stat().st_mode) == 0o600
    with pymongo.MongoClient(endpoints.mongodb_url) as client:
        client.butler.proof.insert_one({"_id": "kept"})
    processes = first.descendants()
    assert len(processes) > 7

    first.send(signal.SIGINT)

    assert first.wait_for_end() == 0
    wait_until_ended(processes)
    assert read_endpoints(first.data_dir) == Endpoints()
    assert "Traceback" not in first.output

    second = start_run(WEB_PORT=str(first.web_port), HTTP_PROXY=NO_WAY, NO_PROXY="example.org")
    second.wait_until_ready()

    endpoints = read_endpoints(second.data_dir)
    assert endpoints.mongodb_url == first_mongodb_url
    with closing(SandboxClient(endpoints.telegram_api_url)) as person:
        person.write(7, "/ping")
        assert person.wait_for_answers(7, 1) == ["Bot ready"]
    assert f"admin / {password}" in second.output
    with pymongo.MongoClient(endpoints.mongodb_url) as client:
        assert client.butler.proof.find_one() == {"_id": "kept"}
        assert client.butler.auth_user.count_documents({}) == 1
    processes = second.descendants()
    second.send(signal.SIGTERM)
    assert second.wait_for_end() == 0
    wait_until_ended(processes)


def test_the_embedded_database_comes_back_and_a_dead_app_ends_everything(start_run: StartRun) -> None:
    run = start_run()
    run.wait_until_ready()
    url = read_endpoints(run.data_dir).mongodb_url
    with pymongo.MongoClient(url) as client:
        client.butler.proof.insert_one({"_id": "kept"})

    run.find("butler_project.embedded.mongodb").kill()

    run.wait_for("embedded mongodb died with status -9: starting it again")
    with pymongo.MongoClient(url) as client:
        assert client.butler.proof.find_one() == {"_id": "kept"}

    # A second supervisor on the same data is refused while the first runs.
    other = start_run()
    assert other.wait_for_end() == 1
    assert f"already running on {run.data_dir} (process {run.pid})" in other.output

    processes = run.descendants()
    run.find("runbot").kill()

    assert run.wait_for_end() == 1
    assert "bot ended by itself with status -9; everything else was stopped." in run.output
    wait_until_ended(processes)


def test_an_interrupt_during_the_start_is_obeyed(start_run: StartRun) -> None:
    run = start_run()
    wait_until(lambda: read_endpoints(run.data_dir) != Endpoints(), what="the servers' addresses")
    processes = run.descendants()

    run.send(signal.SIGINT)

    assert run.wait_for_end() == 0
    wait_until_ended(processes)
    assert "Traceback" not in run.output


def test_a_taken_web_port_is_named(start_run: StartRun) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]

        run = start_run(WEB_PORT=str(port))

        assert run.wait_for_end() == 1
    assert f"WEB_PORT {port} of 127.0.0.1 is taken by another program." in run.output
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("name", "value"), [("MEMORY_CAP", "0"), ("SANDBOX_PORT", "http"), ("ACCESS_POLICY", "nobody")]
)
def test_a_wrong_setting_stops_the_start_and_is_named(name: str, value: str, start_run: StartRun) -> None:
    run = start_run(**{name: value})

    assert run.wait_for_end() == 1
    assert name in run.output
    assert "Traceback" not in run.output


def test_a_taken_sandbox_port_is_avoided_and_a_killed_supervisor_leaves_no_process(
    start_run: StartRun,
) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        taken = squatter.getsockname()[1]

        run = start_run(SANDBOX_PORT=str(taken))
        run.wait_until_ready()

    address = read_endpoints(run.data_dir).telegram_api_url
    assert address != f"http://127.0.0.1:{taken}"
    assert not is_port_free(int(address.rsplit(":", 1)[1]))
    processes = run.descendants()

    run.send(signal.SIGKILL)

    run.wait_for_end()
    wait_until_ended(processes)


def test_with_a_token_there_is_no_sandbox(start_run: StartRun) -> None:
    nowhere = f"http://127.0.0.1:{choose_port()}"
    run = start_run(TELEGRAM_BOT_TOKEN="4711:secret", TELEGRAM_API_URL=nowhere)
    run.wait_until_ready()

    assert "bot 4711 (long polling)" in run.output
    assert "4711:secret" not in run.output
    assert not any("sandbox" in command for _, command in run.commands())
    assert read_endpoints(run.data_dir).telegram_api_url is None
