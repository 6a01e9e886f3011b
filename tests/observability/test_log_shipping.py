"""Lines on their way to Loki: by the reference of its API, through outages and refusals, bounded, and at the end."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from butler_project.logging import LineFormatter
from observability.log_shipping import LokiHandler
from observability.loki import Entry, InvalidAddress, LokiClient, Receipt, build_body
from tests.harness.loki import LokiStandIn, Refused, read_push
from tests.harness.processes import PATIENCE_S, PROJECT_DIR, wait_until
from tests.services import environment

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
FILLER = "x" * 100


@pytest.fixture
def loki() -> Iterator[LokiStandIn]:
    with LokiStandIn() as standin:
        yield standin


def dropped(reason: str) -> float:
    return REGISTRY.get_sample_value("logs_dropped_total", {"reason": reason}) or 0.0


def attach(standin: LokiStandIn, **options: float) -> logging.Logger:
    """Return a logger of nobody else's, which ships to the stand-in, and of which no words are withheld."""
    handler = LokiHandler(
        LokiClient(standin.url, process="worker"),
        most_waiting=int(options.get("most_waiting", 1_000)),
        delay_s=0.02,
        first_pause_s=options.get("first_pause_s", 0.02),
        longest_pause_s=0.1,
        end_wait_s=PATIENCE_S,
    )
    handler.setFormatter(LineFormatter([]))
    logger = logging.Logger("django.request.nobody_else")
    logger.addHandler(handler)
    return logger


def detach(logger: logging.Logger) -> None:
    for handler in logger.handlers:
        handler.close()


def events(standin: LokiStandIn) -> list[str]:
    return [line.fields["event"] for line in standin.lines]


def test_lines_arrive_as_they_are_in_order_under_few_labels(loki: LokiStandIn) -> None:
    logger = attach(loki)
    before_ns = time.time_ns()

    logger.warning("half a pair \ud83d, кириллица")
    logger.log(15, "a level of its own")
    for number in range(50):
        logger.error("failure %d", number)
    detach(logger)

    assert loki.complaints == []
    assert {tuple(line.labels.items()) for line in loki.lines} == {
        (("app", "butler"), ("process", "worker"), ("level", level))
        for level in ("debug", "warning", "error")
    }
    failures = [line for line in loki.lines if line.labels["level"] == "error"]
    assert [line.fields["event"] for line in failures] == [f"failure {number}" for number in range(50)]
    assert [line.at_ns for line in failures] == sorted(line.at_ns for line in failures)
    assert all(before_ns - 1_000_000 < line.at_ns <= time.time_ns() for line in loki.lines)
    assert all(line.fields.keys() >= {"level", "logger", "timestamp"} for line in loki.lines)


def test_an_outage_is_waited_out_and_told_once(loki: LokiStandIn, caplog: pytest.LogCaptureFixture) -> None:
    logger = attach(loki)
    loki.stop()
    logger.error("before")
    wait_until(lambda: "logs wait for Loki" in caplog.text, what="the complaint")
    logger.error("meanwhile")

    loki.answer_with(429, 503, 500, 260, 401)
    loki.start()
    wait_until(lambda: len(loki.lines) == 2, what="both lines")
    detach(logger)

    assert events(loki) == ["before", "meanwhile"]
    assert caplog.text.count("logs wait for Loki") == 1


def test_a_batch_that_is_refused_is_counted_and_told_once_not_again_for_the_telling(
    loki: LokiStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    logger = attach(loki)
    before = dropped("refused")
    loki.answer_with(400, 413)

    for number in range(3):
        logger.error("number %d", number)
        wait_until(lambda number=number: len(loki.bodies) > number, what="a push")
    detach(logger)

    assert events(loki) == ["number 2"]
    assert dropped("refused") - before == 2
    assert caplog.text.count("logs refused by Loki") == 1


def test_what_is_too_much_or_too_long_is_dropped_and_counted_the_oldest_first(loki: LokiStandIn) -> None:
    logger = attach(loki, most_waiting=10, first_pause_s=600)
    full, too_long = dropped("full"), dropped("too_long")
    loki.answer_with(503)
    logger.error("on its way")
    wait_until(lambda: loki.bodies, what="the first push")  # its thread now waits for ten minutes

    started = time.monotonic()
    for number in range(30):
        logger.error(f"number {number}")  # noqa: G004
    logger.error("x" * 300_000)
    took_s = time.monotonic() - started
    detach(logger)

    assert events(loki) == ["on its way", *(f"number {number}" for number in range(20, 30))]
    assert (dropped("full") - full, dropped("too_long") - too_long) == (20, 1)
    assert took_s < 60  # nobody has waited for the thread


def test_a_long_queue_goes_in_several_pushes_that_loki_takes(loki: LokiStandIn) -> None:
    logger = attach(loki, most_waiting=5_000)

    for number in range(2_500):
        logger.error("%s %d", FILLER, number)
    detach(logger)

    assert len(loki.lines) == 2_500
    assert len(loki.bodies) >= 3
    assert max(map(len, loki.bodies)) < 1_100_000


def test_at_the_end_an_absent_loki_is_asked_once_more_and_the_rest_given_up(loki: LokiStandIn) -> None:
    logger = attach(loki)
    before = dropped("ended")
    loki.stop()

    logger.error("last words")
    detach(logger)
    logger.error("after the end")

    assert dropped("ended") - before == 1


@pytest.mark.parametrize("identity", [{"user": "butler", "password": "кл:юч@%"}, {"tenant": "house"}])
def test_an_address_can_hold_a_user_or_a_tenant(identity: dict[str, str]) -> None:
    with LokiStandIn(**identity) as standin:
        host = standin.url.rpartition("@")[2]
        user = "butler:%D0%BA%D0%BB:%D1%8E%D1%87%40%25" if "user" in identity else "house"
        line = [Entry(time.time_ns(), "info", "{}")]

        assert LokiClient(f"http://{user}@{host}/", process="web").push(line) is Receipt.TAKEN
        assert LokiClient(f"http://somebody@{host}", process="web").push(line) is Receipt.AWAY


@pytest.mark.parametrize("url", ["loki:3100", "http://", "http://loki:port", "ftp://loki", "http://[::1"])
def test_a_wrong_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InvalidAddress) as refusal:
        LokiClient(url, process="web")

    assert str(refusal.value) == ""


def test_a_server_that_speaks_no_http_is_away() -> None:
    listener = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True)\n"
    )
    listener += "while True: c = s.accept()[0]; c.recv(9); c.sendall(b'SSH-2.0\\r\\n'); c.close()"
    with subprocess.Popen([sys.executable, "-c", listener], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        client = LokiClient(f"http://127.0.0.1:{int(server.stdout.readline())}", process="web")

        assert client.push([Entry(time.time_ns(), "info", "{}")]) is Receipt.AWAY
        server.kill()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"streams": []}',
        b'{"streams": [{"stream": {}, "values": [["1700000000000000000", "x"]]}]}',
        b'{"streams": [{"stream": {"a-b": "c"}, "values": [["1700000000000000000", "x"]]}]}',
        json.dumps(
            {"streams": [{"stream": {"a": "b"}, "values": [[1_700_000_000_000_000_000, "x"]]}]}
        ).encode(),
        json.dumps({"streams": [{"stream": {"a": "b"}, "values": [["1700000000000000000", 1]]}]}).encode(),
    ],
)
def test_the_stand_in_is_strict(body: bytes) -> None:
    with pytest.raises(Refused):
        read_push({"Content-Type": "application/json"}, body)


def test_the_stand_in_takes_what_the_reference_shows() -> None:
    now = str(time.time_ns())
    body = build_body([Entry(int(now), "info", "x")], process="web")

    assert [line.text for line in read_push({"Content-Type": "application/json"}, body)] == ["x"]


def test_a_process_ships_what_it_has_logged_before_it_ends(loki: LokiStandIn) -> None:
    code = """
import os, sys
sys.argv = ["manage.py", "probe"]
import django; django.setup()
import structlog
log = structlog.get_logger("test.shipping")
log.info("of the parent", trace_id="4bf92f3577b34da6a3ce929d0e0e4736")
if os.fork() == 0:
    log.info("of the child")
    sys.exit()
os.wait()
"""
    variables = {"DJANGO_SETTINGS_MODULE": "butler_project.settings", "LOKI_URL": loki.url}

    finished = subprocess.run(
        # From 3.12 on Python warns of a fork where there are threads.
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        cwd=PROJECT_DIR,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )

    assert sorted(events(loki)) == ["of the child", "of the parent"]  # each once
    assert {line.text for line in loki.lines} == set(finished.stderr.splitlines())
    assert {line.labels["process"] for line in loki.lines} == {"probe"}
    assert [line.fields["trace_id"] for line in loki.lines if "trace_id" in line.fields] == [TRACE_ID]
