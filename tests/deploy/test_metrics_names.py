"""Alerts, their tests and the dashboards name metrics, labels and values that there are; all are registered once."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import requests
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from butler_project.embedded.discovery import PROJECT_DIR
from tests.deploy.expressions import list_panels, list_promtool_series, list_rules
from tests.deploy.promql import list_groupings, list_selectors
from tests.harness.ports import reserve_port
from tests.harness.processes import Child, wait_until

PACKAGES = ("botgateway", "butler_project", "digests", "llm", "observability", "personalization")

# What Prometheus adds to everything it scrapes.
TARGET_LABELS = {"job", "instance"}
# Not ours: made by Prometheus itself, or read from it and from Alertmanager. The live test asks them for these.
OF_OTHERS = {
    "up": set(),
    "ALERTS": {"alertname", "alertstate", "severity", "component"},
    "prometheus_notifications_dropped_total": set(),
    "alertmanager_notifications_failed_total": {"integration"},
}
OF_PROCESSES = ("process_", "python_")
PERSONAL = {
    "user_id",
    "user",
    "chat_id",
    "chat",
    "person",
    "person_id",
    "update_id",
    "message_id",
    "trace_id",
    "name",
}
DEFINITION = re.compile(r"(?:Counter|Gauge|Histogram|Summary|Info|Enum)\(\s*\"([a-z_]+)\"")
SHOW_NAMES = """
import django, runpy, sys
django.setup(); django.setup()
import butler_project.celery, butler_project.wsgi
from prometheus_client import REGISTRY
print(*sorted(family.name for family in REGISTRY.collect()))
"""
REFUSED_POSTS = 24


@cache
def list_exported() -> dict[str, set[str]]:
    """Return the labels of every sample that our processes can show, by its name."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if module.name.endswith("metrics") or module.name == "butler_project.logging":
                importlib.import_module(module.name)
    exported: dict[str, set[str]] = {}
    for collector in set(REGISTRY._collector_to_names):
        labels = set(collector._labelnames) if isinstance(collector, MetricWrapperBase) else set()
        for name in REGISTRY._collector_to_names[collector]:
            exported[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return exported


EXPRESSIONS = [*list_rules(), *list_promtool_series(), *list_panels()]


def test_expressions_are_read() -> None:
    found = list_selectors(
        'sum by (le, job) (rate(a_b{x="1|2", y!~"3"}[5m])) > 2 and on () c offset 5m or (time() - d)'
    )

    assert [(selector.metric, selector.matchers) for selector in found] == [
        ("a_b", {"x": ("1", "2"), "y": ("3",)}),
        ("c", {}),
        ("d", {}),
    ]
    assert list_groupings("sum by (le, job) (rate(a[5m])) / on (x) b") == {"le", "job", "x"}
    assert len(EXPRESSIONS) > 100


def test_every_metric_that_is_named_is_exported_with_these_labels() -> None:
    known = {**list_exported(), **OF_OTHERS}

    missing = [
        (where, selector.metric, sorted(selector.matchers))
        for where, expression in EXPRESSIONS
        for selector in list_selectors(expression)
        if selector.metric not in known or selector.matchers.keys() - known[selector.metric] - TARGET_LABELS
    ]
    assert missing == []


def test_expressions_group_by_labels_of_their_metrics() -> None:
    known = {**list_exported(), **OF_OTHERS}

    astray = [
        (where, sorted(astray))
        for where, expression in EXPRESSIONS
        if (
            astray := list_groupings(expression)
            - TARGET_LABELS
            - set().union(*(known[selector.metric] for selector in list_selectors(expression)))
        )
    ]
    assert astray == []


def test_values_that_labels_are_compared_with_stand_in_the_code() -> None:
    sources = "".join(
        path.read_text() for package in PACKAGES for path in (PROJECT_DIR / package).rglob("*.py")
    )
    compared = {
        value
        for _, expression in (*list_rules(), *list_panels())
        for selector in list_selectors(expression)
        if selector.metric not in OF_OTHERS
        for label, values in selector.matchers.items()
        if label not in TARGET_LABELS
        for value in values
    }

    unknown = {
        value for value in compared if f'"{value}"' not in sources and f"class {value}(" not in sources
    }
    assert unknown <= {"critical", "error"}  # of logging
    assert {"rejected", "unavailable", "crashed", "authentication_rejected"} <= compared


def test_every_metric_is_defined_in_one_place_and_no_label_tells_who() -> None:
    sources = [path.read_text() for package in PACKAGES for path in (PROJECT_DIR / package).rglob("*.py")]
    defined = Counter(name for source in sources for name in DEFINITION.findall(source))

    assert [name for name, times in defined.items() if times > 1] == []
    assert {label for labels in list_exported().values() for label in labels} & PERSONAL == set()


def test_metrics_are_registered_once_however_often_django_is_set_up() -> None:
    """A second registration raises. The reloader of `runserver` starts a new process and so changes nothing."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "butler_project.settings"}

    shown = subprocess.run(
        [sys.executable, "-c", SHOW_NAMES],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "personalized_requests" in shown
    assert len(shown) == len(set(shown))


def list_counter_dirs(directory: Path) -> set[Path]:
    return {path for place in (Path("/dev/shm"), directory) for path in place.glob("butler-metrics-*")}


def test_several_web_processes_show_one_sum(tmp_path: Path) -> None:
    before = list_counter_dirs(tmp_path)
    web = start_web(tmp_path, port=(port := str(reserve_port())))
    root = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: not web.is_running or answers(root), what="the web processes")
        for _ in range(REFUSED_POSTS):  # each over a connection of its own, and so to either of the processes
            assert requests.post(f"{root}/telegram/webhook", timeout=10).status_code == 403
        counts = {count_warnings(root) for _ in range(6)}
        (counters,) = list_counter_dirs(tmp_path) - before
        counting_processes = len(list(counters.glob("counter_*.db")))
    finally:
        web.stop()

    (warnings,) = counts
    assert warnings > 0
    assert warnings % REFUSED_POSTS == 0  # each leaves the same number of lines
    assert counting_processes == 2
    assert list_counter_dirs(tmp_path) == before


def start_web(directory: Path, *, port: str) -> Child:
    environment = {"WEB_PORT": port, "WEB_CONCURRENCY": "2", "TMPDIR": str(directory)}
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "butler_project.wsgi",
        "-c",
        "butler_project/gunicorn.conf.py",
    ]
    web = Child("web", command, environment=environment, log_dir=directory)
    web.start()
    return web


def answers(root: str) -> bool:
    try:
        return requests.get(f"{root}/health", timeout=2).ok
    except requests.RequestException:
        return False


def count_warnings(root: str) -> float:
    text = requests.get(f"{root}/metrics", timeout=10).text
    (line,) = re.findall(r"^structured_logs_total\{level=\"warning\"\} (\S+)$", text, re.MULTILINE)
    return float(line)
