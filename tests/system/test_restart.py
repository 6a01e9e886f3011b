"""Everything is stopped and started again: data, the history of metrics, and logs go on where they were."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.loki import LokiStandIn
from tests.harness.monitoring import Monitoring
from tests.harness.ports import reserve_port
from tests.harness.processes import wait_until
from tests.harness.shared_stack import QUICK
from tests.harness.stack import Stack

pytestmark = pytest.mark.system

CHAT_ID = 8_001
ANSWERED = 'sum(personalized_requests_total{status="ok"})'
STARTED = 'max(process_start_time_seconds{job="worker"})'
TALKATIVE = {"web", "worker", "bot"}  # those that say something at every start or message


def test_data_metrics_and_logs_resume(tmp_path: Path) -> None:
    settings = {
        **QUICK,
        "LLM_TIMEOUT_S": "60",  # one answer that did not come would spoil the count
        # Prometheus looks for the processes where they were.
        **{name: str(reserve_port()) for name in ("WORKER_METRICS_PORT", "BOT_METRICS_PORT")},
    }
    with ExitStack() as running:
        loki = running.enter_context(LokiStandIn())
        settings["LOKI_URL"] = loki.url
        first = running.enter_context(build_stack(tmp_path, settings))
        monitoring = running.enter_context(Monitoring(first))
        talk(first, "Меня зовут Глеб.")
        wait_until(lambda: ask(monitoring, ANSWERED) == 1, what="the count of answers")
        asked_at, started_at = time.time(), ask(monitoring, STARTED)
        check_everything(first, monitoring)

        monitoring.prometheus.stop()
        monitoring.alertmanager.stop()
        first.stop()
        stopped_at_ns = time.time_ns()
        second = build_stack(tmp_path, settings)
        second.web_url = first.web_url
        running.enter_context(second)
        monitoring.alertmanager.start()
        monitoring.prometheus.start()
        talk(second, "Как меня зовут?")
        wait_until(lambda: is_new(monitoring, started_at), timeout_s=60, what="metrics of the new worker")

        check_everything(second, monitoring)
        events = second.database().user_memory.find().sort("_id")
        assert [event["role"] for event in events] == ["user", "assistant"] * 2
        assert second.model is not None
        assert "Меня зовут Глеб." in str(second.model.requests()[-1])
        assert ask(monitoring, ANSWERED, time=f"{asked_at:.3f}") == 1
        wait_until(lambda: list_talkers(loki, since_ns=stopped_at_ns) >= TALKATIVE, what="lines of all")
        assert list_talkers(loki, since_ns=0) >= TALKATIVE
        assert loki.complaints == []


def build_stack(directory: Path, settings: dict[str, str]) -> Stack:
    """Return a stack on what an earlier one has left in the directory; its Telegram remembers as well."""
    remembering = ("--no-limits", "--data-dir", str(directory / "sandbox"))
    return Stack(directory, sandbox_options=remembering, **settings)


def talk(stack: Stack, words: str) -> None:
    """Let somebody write, and wait for the answer to be there and remembered."""
    known = len(stack.telegram.answers(CHAT_ID))
    stack.telegram.write(CHAT_ID, words)
    stack.telegram.wait_for_answers(CHAT_ID, known + 1)
    stack.wait_until_settled()


def ask(monitoring: Monitoring, expression: str, **parameters: str) -> float:
    """Return what Prometheus answers, 0 where it knows nothing."""
    result = monitoring.ask_prometheus("query", query=expression, **parameters)["result"]
    return float(result[0]["value"][1]) if result else 0.0


def check_everything(stack: Stack, monitoring: Monitoring) -> None:
    """Let every service be checked; raises `RuntimeError` if one is not as it should be."""
    watchers = {"PROMETHEUS_URL": monitoring.prometheus_url, "ALERTMANAGER_URL": monitoring.alertmanager_url}
    said = stack.manage("check_infra", LOKI_URL="", **watchers)  # the stand-in takes lines, and no questions
    assert {"prometheus", "targets", "alertmanager"} <= {line.split()[1] for line in said.splitlines()}


def is_new(monitoring: Monitoring, started_at: float) -> bool:
    """Tell whether Prometheus has metrics of a worker that was started later."""
    try:
        return ask(monitoring, STARTED) > started_at
    except OSError:  # it does not listen yet
        return False


def list_talkers(loki: LokiStandIn, *, since_ns: int) -> set[str]:
    """Return the processes of which Loki got lines written since then."""
    return {line.labels["process"] for line in list(loki.lines) if line.at_ns > since_ns}
