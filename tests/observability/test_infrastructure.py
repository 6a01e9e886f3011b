"""Every service is looked at, what it came to is told and kept, and no secret is in what is told."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import RedisError

from butler_project.embedded.redis import find_redis_server
from butler_project.embedded.services import choose_port
from observability.infrastructure import monitoring, servers, signs
from observability.infrastructure.checks import list_checks, list_unconfigured
from observability.infrastructure.outcomes import (
    Kept,
    Outcome,
    Unfit,
    keep_outcomes,
    read_outcomes,
    run_checks,
)
from observability.views import show_metrics
from redis_connection import redis_client
from tests import services
from tests.harness.processes import wait_until
from tests.harness.stack import Stack

PASSWORD = "kept-to-itself"
SIGNED_IN = {"authInfo": {"authenticatedUsers": [{"user": "butler", "db": "butler"}]}}
PRIMARY = {"setName": "rs0", "isWritablePrimary": True}
WATCHERS = ("PROMETHEUS_URL", "ALERTMANAGER_URL", "LOKI_URL", "GRAFANA_URL")
BUTLERS_OWN = ["mongodb", "redis", "web", "llm", "bot", "beat"]
QUEUES = ["queue-background", "queue-digests", "queue-files", "queue-replies", "queue-speech"]


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis that asks for a password."""
    port = choose_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--requirepass", PASSWORD]
    process = subprocess.Popen(
        [find_redis_server(), *options, "--dir", tmp_path_factory.mktemp("redis")], stdout=subprocess.DEVNULL
    )
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    wait_until(lambda: answers(url), what="Redis")
    yield url
    process.terminate()
    process.wait()


def answers(url: str) -> bool:
    with Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


class Watcher:
    """Answers as Prometheus and its like do: with `pages`, and with 503 where there is none."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        watcher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = watcher.pages.get(self.path.partition("?")[0])
                self.send_response(503 if page is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(page).encode())

            def log_message(self, format: str, *_: object) -> None:  # the base class's name
                """Write nothing between the test's dots."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def watcher(settings: Settings) -> Iterator[Watcher]:
    found = Watcher()
    for name in WATCHERS:
        setattr(settings, name, f"{found.url}/")
    yield found
    found.stop()


def fail(message: str = "mongodb://butler:secret@db") -> str:
    raise ValueError(message)


def refuse() -> str:
    raise Unfit("is away")


def test_checks_are_told_in_their_order_and_a_failures_words_are_not() -> None:
    outcomes = run_checks({"one": lambda: "here", "two": refuse, "three": fail}, patience_s=0)

    assert outcomes == [
        Outcome("one", is_ok=True, detail="here"),
        Outcome("two", is_ok=False, detail="is away"),
        Outcome("three", is_ok=False, detail="does not answer: ValueError"),
    ]


def test_what_has_just_been_started_is_given_time() -> None:
    attempts = iter([refuse, fail, str])

    def look() -> str:
        return next(attempts)()

    (outcome,) = run_checks({"one": look}, patience_s=60)

    assert outcome == Outcome("one", is_ok=True, detail="")


@pytest.mark.parametrize(
    ("hello", "status", "said"),
    [
        (PRIMARY, SIGNED_IN, "primary of rs0, by password"),
        ({"msg": "isdbgrid"}, SIGNED_IN, "sharded, by password"),
        ({"isWritablePrimary": True}, SIGNED_IN, "is no replica set"),
        ({"setName": "rs0", "isWritablePrimary": False}, SIGNED_IN, "has no primary in rs0"),
        (PRIMARY, {"authInfo": {"authenticatedUsers": []}}, "MONGODB_URL names no user"),
    ],
)
def test_mongodb_is_judged_by_its_answers(hello: dict[str, Any], status: dict[str, Any], said: str) -> None:
    try:
        answer = servers.judge_mongodb(hello, status)
    except Unfit as error:
        answer = str(error)

    assert answer == said


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        (
            "mongodb://butler:a%40b@db1:27017,db2/butler?authSource=admin&replicaSet=rs0",
            "mongodb://db1:27017,db2/butler?replicaSet=rs0",
        ),
        ("mongodb+srv://butler:pw@cluster.example/", "mongodb+srv://cluster.example/"),
        ("redis://:pw@redis:6379/0", "redis://redis:6379/0"),
        ("rediss://redis/0", "rediss://redis/0"),
    ],
)
def test_a_stranger_comes_without_credentials(url: str, bare: str) -> None:
    assert servers.leave_out_credentials(url) == bare


@pytest.mark.django_db
def test_an_open_mongodb_is_fit_only_as_the_embedded_one(settings: Settings) -> None:
    assert servers.check_mongodb() == "embedded"

    settings.IS_MONGODB_EMBEDDED = False
    settings.MONGODB_URL = services.endpoints().mongodb_url
    with pytest.raises(Unfit, match="answers without a password"):
        servers.check_mongodb()


def test_a_redis_is_fit_that_turns_strangers_away(settings: Settings, redis_url: str) -> None:
    open_url = services.endpoints().redis_url
    assert open_url is not None
    assert servers.check_redis() == "embedded"

    assert servers.is_redis_open(open_url) is True
    assert servers.is_redis_open(redis_url) is False
    with pytest.raises(RedisError):
        servers.is_redis_open("redis://:secret@127.0.0.1:1/0")

    settings.IS_REDIS_EMBEDDED = False
    settings.REDIS_URL = open_url
    with pytest.raises(Unfit, match="answers without a password"):
        servers.check_redis()
    settings.REDIS_URL = redis_url
    assert servers.check_redis() == "takes writes, by password"


def test_only_the_answer_to_ones_own_question_counts() -> None:
    token = signs.new_token()
    signs.answer_ping(token)

    assert signs.wait_for_answer(signs.new_token(), timeout_s=1) is False
    assert signs.wait_for_answer(token, timeout_s=1) is True
    assert signs.wait_for_answer(token, timeout_s=1) is False


def test_the_sign_of_beat_has_an_age() -> None:
    redis_client().delete(signs.BEAT_KEY)
    unknown = signs.find_beat_age_s()
    signs.note_beat()
    age_s = signs.find_beat_age_s()

    assert unknown is None
    assert age_s is not None
    assert 0 <= age_s < 60


def test_who_watches_is_asked_whether_it_is_ready_and_sees_everything(watcher: Watcher) -> None:
    checks = {
        "/-/ready": (monitoring.check_prometheus, monitoring.check_alertmanager),
        "/api/health": (monitoring.check_grafana,),
        "/ready": (monitoring.check_loki,),
    }
    for page, asking in checks.items():
        for check in asking:
            with pytest.raises(Unfit, match="answers with 503"):
                check()
        watcher.pages[page] = {}
        assert {check() for check in asking} == {"ready"}


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ({"web": "up", "bot": "up"}, "2 up"),
        ({"web": "up", "bot": "down", "worker": "unknown"}, "not up: bot at bot:1, worker at worker:1"),
        ({}, "Prometheus has none"),
    ],
)
def test_targets_that_are_not_up_are_named(watcher: Watcher, health: dict[str, str], said: str) -> None:
    targets = [
        {"labels": {"job": job, "instance": f"{job}:1"}, "health": state} for job, state in health.items()
    ]
    watcher.pages["/api/v1/targets"] = {"status": "success", "data": {"activeTargets": targets}}

    try:
        answer = monitoring.check_targets()
    except Unfit as error:
        answer = str(error)

    assert answer == said


def test_what_is_configured_is_checked_and_what_is_not_is_named(settings: Settings) -> None:
    for name in WATCHERS:
        setattr(settings, name, "")
    settings.BOT_METRICS_PORT = 0
    without = (list(list_checks()), list_unconfigured())
    for name in WATCHERS:
        setattr(settings, name, "http://watcher")

    everything = (list(list_checks()), list_unconfigured())

    assert without == ([name for name in [*BUTLERS_OWN, *QUEUES] if name != "bot"], [*WATCHERS])
    watchers = ["prometheus", "targets", "alertmanager", "loki", "grafana"]
    assert everything == ([*BUTLERS_OWN, *QUEUES, *watchers], [])


def test_outcomes_are_kept_and_shown_to_prometheus(data_dir: Path, rf: RequestFactory) -> None:
    service = f"test-{secrets.token_hex(4)}"
    before = show_metrics(rf.get("/metrics")).content.decode()
    keep_outcomes([Outcome(service, is_ok=False, detail="is away"), Outcome("web", is_ok=True, detail="")])

    kept = read_outcomes()
    shown = show_metrics(rf.get("/metrics")).content.decode()

    assert kept is not None
    assert kept.is_ok == {service: False, "web": True}
    assert service not in before
    assert f'shared_infra_bootstrap_status{{service="{service}"}} 0.0\n' in shown
    assert 'shared_infra_bootstrap_status{service="web"} 1.0\n' in shown
    assert "shared_infra_check_timestamp_seconds 1." in shown
    assert [path.name for path in (data_dir / "run").iterdir()] == ["infrastructure.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"checked_at": 1}', '{"checked_at": 1, "is_ok": []}'])
def test_a_file_that_cannot_be_understood_counts_as_none(data_dir: Path, text: str) -> None:
    (data_dir / "run").mkdir()
    (data_dir / "run" / "infrastructure.json").write_text(text)

    assert read_outcomes() is None


def test_an_installation_is_checked_by_one_command(stack: Stack) -> None:
    lines = [line.split(None, 2) for line in stack.manage("check_infra").splitlines()]
    kept = read_kept(stack)

    with pytest.raises(RuntimeError, match=r"ended with 1:\n(.|\n)*1 of 11 failed: bot"):
        stack.manage("check_infra", "--patience", "0", BOT_METRICS_PORT=str(choose_port()))

    assert {service: state for state, service, *_ in lines if state != "-"} == dict.fromkeys(
        [*BUTLERS_OWN, *QUEUES], "ok"
    )
    assert [line[1] for line in lines if line[0] == "-"] == [*WATCHERS]
    assert set(kept.is_ok.values()) == {True}
    assert [service for service, is_ok in read_kept(stack).is_ok.items() if not is_ok] == ["bot"]
    assert re.search(r"^beat_tasks_total [1-9]", stack.read_metrics("worker"), re.MULTILINE)


def read_kept(stack: Stack) -> Kept:
    return Kept(**json.loads((stack.directory / "run" / "infrastructure.json").read_text()))
