from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from butler_project.embedded.services import (
    FREE_PORTS,
    EmbeddedService,
    ServiceError,
    choose_port,
    find_mongodb_pid,
    find_redis_pid,
    is_port_free,
    mongodb_service,
    redis_service,
)
from tests.harness.processes import wait_until, wait_until_ended

STARTS_BOTH_AND_WAITS = """
import sys, time
from pathlib import Path
from butler_project.embedded.services import mongodb_service, redis_service
services = [mongodb_service(Path(sys.argv[1])), redis_service(Path(sys.argv[1]))]
for service in services:
    service.start()
print(*[service.pid for service in services], flush=True)
time.sleep(60)
"""


def test_the_previous_port_is_taken_again(tmp_path: Path) -> None:
    first = redis_service(tmp_path)
    url = first.start()
    first.stop()

    second = redis_service(tmp_path)
    try:
        assert second.start() == url
    finally:
        second.stop()


def test_another_port_is_chosen_when_the_previous_one_is_taken(
    redis: EmbeddedService, tmp_path: Path
) -> None:
    taken = redis.port
    redis.stop()

    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", taken))
        squatter.listen()
        redis.start()
        assert redis.port != taken
        assert redis.port in FREE_PORTS


def test_stop_ends_the_process_and_may_be_repeated(redis: EmbeddedService) -> None:
    pid = redis.pid
    assert redis.is_running

    redis.stop()
    redis.stop()

    assert not redis.is_running
    assert not psutil.pid_exists(pid)
    assert redis.restarts == 0


def test_start_of_a_running_service_changes_nothing(redis: EmbeddedService) -> None:
    pid = redis.pid

    assert redis.start() == redis.url
    assert redis.pid == pid


@pytest.mark.parametrize("make", [mongodb_service, redis_service])
def test_a_server_that_cannot_start_says_why(make: object, tmp_path: Path) -> None:
    service = make(tmp_path)  # type: ignore[operator]
    (tmp_path / service.name).write_text("a file where the data directory should be")

    with pytest.raises(ServiceError, match=f"embedded {service.name} ended at once") as caught:
        service.start()

    assert "FileExistsError" in str(caught.value)
    assert str(service.log_path) in str(caught.value)
    assert not service.is_running


def test_a_server_that_keeps_silent_is_stopped(tmp_path: Path) -> None:
    service = EmbeddedService(
        "redis", tmp_path, url="redis://127.0.0.1:{port}/0", find_pid=lambda port: None, start_timeout_s=0.5
    )

    with pytest.raises(ServiceError, match="did not answer within"):
        service.start()

    assert not service.is_running


def test_another_program_on_the_port_is_not_taken_for_ours(redis: EmbeddedService) -> None:
    wait_until(lambda: find_redis_pid(redis.port) == redis.pid, what="an answer of Redis")
    assert find_mongodb_pid(redis.port) is None
    assert find_redis_pid(choose_port()) is None


def test_the_servers_die_with_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_BOTH_AND_WAITS, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        servers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(servers) == 2

        parent.kill()

    wait_until_ended(servers)


def test_a_terminal_interrupt_does_not_reach_the_servers(redis: EmbeddedService) -> None:
    assert os.getsid(redis.pid) == redis.pid
    assert os.getsid(redis.pid) != os.getsid(0)


def test_a_kill_is_logged_and_the_server_comes_back_on_its_port(
    redis: EmbeddedService, caplog: pytest.LogCaptureFixture
) -> None:
    url, pid = redis.url, redis.pid

    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: redis.pid not in {pid, None}, what="another process")
    redis.wait_until_ready()

    assert redis.url == url
    assert "embedded redis died with status -9: starting it again" in caplog.messages


def test_a_long_log_is_set_aside(tmp_path: Path) -> None:
    service = redis_service(tmp_path)
    service.log_path.parent.mkdir(parents=True)
    service.log_path.write_bytes(b"x" * 5_000_001)

    service.start()
    service.stop()

    assert service.log_path.with_suffix(".log.1").stat().st_size == 5_000_001
    assert b"Ready to accept connections" in service.log_path.read_bytes()


def test_a_taken_port_is_not_free() -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()

        assert not is_port_free(squatter.getsockname()[1])


def test_a_command_runs_beside_servers_of_its_own() -> None:
    script = 'test -s "$DATA_DIR/run/endpoints.json" && test -z "$BUTLER_ENV_FILE" && exit 7'

    result = subprocess.run(
        [sys.executable, "-m", "butler_project.embedded.with_servers", "sh", "-c", script], check=False
    )

    assert result.returncode == 7
