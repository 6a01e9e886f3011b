"""Debian's Prometheus and Alertmanager over a stack, with the files of deploy/, made quick; and somebody to be told.

What is rewritten: scrape and evaluation intervals, the windows and offsets of expressions, `for`, how long
Alertmanager groups; where things listen; and who is told. The expressions, their thresholds and guards, the labels and
annotations stay. promtool's tests of the rules hold the real durations.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import requests
import yaml

from butler_project.embedded.discovery import PROJECT_DIR
from tests.harness.ports import reserve_port
from tests.harness.processes import Child, wait_until
from tests.harness.stack import Stack

DEPLOY = PROJECT_DIR / "deploy"
INTERVAL = "1s"
WINDOW = "10s"  # ten scrapes; no real rule has fewer than twenty
LASTS = "5s"  # half a window: longer than a process of a busy machine may be kept from answering
TIMEOUT_S = 60
FIRES_WITHIN_S = 150.0  # Prometheus repeats after a minute what Alertmanager has not got


def quicken_rules(rules: str) -> str:
    """Shorten windows, offsets and `for` in a file of rules, and change nothing else."""
    rules = re.sub(r"\[\d+[smh]\]", f"[{WINDOW}]", rules)
    rules = re.sub(r"\boffset \d+[smh]\b", f"offset {WINDOW}", rules)
    return re.sub(r"^(\s*for:) \d+[smh]$", rf"\1 {LASTS}", rules, flags=re.MULTILINE)


class Receiver:
    """Takes what Alertmanager sends to a webhook; `alerts` are these in order."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        told = self.alerts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                told.extend(json.loads(body)["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:  # the base class's name
                """Write nothing between the test's dots."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Monitoring:
    """`with Monitoring(stack) as monitoring:` watches a running stack; `prometheus` and `alertmanager` are children."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.directory = stack.directory / "monitoring"
        self.prometheus_url = f"http://127.0.0.1:{reserve_port()}"
        self.alertmanager_url = f"http://127.0.0.1:{reserve_port()}"

    def __enter__(self) -> Self:
        self.directory.mkdir()
        self.receiver = Receiver()
        self.prometheus = self._prepare_prometheus()
        self.alertmanager = self._prepare_alertmanager()
        try:
            self.alertmanager.start()
            self.prometheus.start()
            for root in (self.alertmanager_url, self.prometheus_url):
                wait_until(lambda root=root: _is_ready(root), what=root)
            wait_until(self.are_targets_up, what="the targets")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self.prometheus.stop()
        self.alertmanager.stop()
        self.receiver.stop()

    def ask_prometheus(self, path: str, **parameters: str) -> Any:
        """Return `data` of an answer of Prometheus's API."""
        return _get(f"{self.prometheus_url}/api/v1/{path}", parameters)["data"]

    def list_firing(self) -> dict[str, dict[str, Any]]:
        """Return what Alertmanager holds, by the alert's name."""
        alerts = _get(f"{self.alertmanager_url}/api/v2/alerts", {"active": "true"})
        return {alert["labels"]["alertname"]: alert for alert in alerts}

    def are_targets_up(self) -> bool:
        targets = self.ask_prometheus("targets", state="active")["activeTargets"]
        return bool(targets) and all(target["health"] == "up" for target in targets)

    def wait_until_told(
        self, name: str, status: str, *, meanwhile: Callable[[], object] = lambda: None
    ) -> dict[str, Any]:
        """Wait until the receiver was told that an alert is `firing` or `resolved`, and return the latest such word.

        `meanwhile` is done again and again: windows are so short that what happened once may have left them.
        """

        def find() -> list[dict[str, Any]]:
            meanwhile()
            return list_told()

        def list_told() -> list[dict[str, Any]]:
            told = [alert for alert in list(self.receiver.alerts) if alert["labels"]["alertname"] == name]
            return [alert for alert in told[-1:] if alert["status"] == status]

        wait_until(find, timeout_s=FIRES_WITHIN_S, what=f"{name} {status}")
        return list_told()[0]

    def _prepare_prometheus(self) -> Child:
        configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        for name in ("scrape_interval", "scrape_timeout", "evaluation_interval"):
            configuration["global"][name] = INTERVAL
        (given,) = configuration["alerting"]["alertmanagers"]
        given["static_configs"] = [{"targets": [_address(self.alertmanager_url)]}]
        targets = self._list_targets()
        configuration["scrape_configs"] = [
            {**job, "static_configs": [{"targets": targets[job["job_name"]]}]}
            for job in configuration["scrape_configs"]
            if job["job_name"] in targets
        ]
        (self.directory / "rules").mkdir()
        for path in (DEPLOY / "prometheus" / "rules").glob("*.yml"):
            (self.directory / "rules" / path.name).write_text(quicken_rules(path.read_text()))
        return self._child(
            "prometheus",
            self.prometheus_url,
            configuration,
            f"--storage.tsdb.path={self.directory / 'prometheus'}",
        )

    def _list_targets(self) -> dict[str, list[str]]:
        environment = self.stack.environment
        return {
            "web": [_address(self.stack.web_url)],
            "bot": [f"127.0.0.1:{environment['BOT_METRICS_PORT']}"],
            "worker": [f"127.0.0.1:{environment['WORKER_METRICS_PORT']}"],
            "prometheus": [_address(self.prometheus_url)],
            "alertmanager": [_address(self.alertmanager_url)],
        }

    def _prepare_alertmanager(self) -> Child:
        configuration = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
        configuration["route"] |= {"receiver": "test", "group_wait": "0s", "group_interval": INTERVAL}
        configuration["receivers"] = [{"name": "test", "webhook_configs": [{"url": self.receiver.url}]}]
        return self._child(
            "alertmanager",
            self.alertmanager_url,
            configuration,
            f"--storage.path={self.directory / 'alertmanager'}",
            "--cluster.listen-address=",
        )

    def _child(self, name: str, url: str, configuration: dict[str, Any], *options: str) -> Child:
        path = self.directory / f"{name}.yml"
        path.write_text(yaml.safe_dump(configuration))
        binary = "prometheus-alertmanager" if name == "alertmanager" else name  # as Debian calls it
        command = [binary, f"--config.file={path}", f"--web.listen-address={_address(url)}", *options]
        return Child(name, command, environment={}, log_dir=self.directory)


def _address(url: str) -> str:
    return url.removeprefix("http://")


def _is_ready(root: str) -> bool:
    try:
        return requests.get(f"{root}/-/ready", timeout=TIMEOUT_S).ok
    except requests.RequestException:
        return False


def _get(url: str, parameters: dict[str, str]) -> Any:
    response = requests.get(url, params=parameters, timeout=TIMEOUT_S)
    response.raise_for_status()
    return response.json()
