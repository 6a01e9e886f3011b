"""The PromQL expressions of the rules, their tests and the dashboards, each with where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator

import yaml

from butler_project.embedded.discovery import PROJECT_DIR

RULES = sorted((PROJECT_DIR / "deploy/prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((PROJECT_DIR / "deploy/prometheus/tests").glob("*.yml"))
DASHBOARDS = sorted((PROJECT_DIR / "deploy/grafana/dashboards").glob("*.json"))


def list_rules() -> Iterator[tuple[str, str]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((f"{path.name}: {rule['alert']}", rule["expr"]) for rule in group["rules"])


def list_promtool_series() -> Iterator[tuple[str, str]]:
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            yield from ((f"{path.name}: {test['name']}", given["series"]) for given in test["input_series"])


def list_panels() -> Iterator[tuple[str, str]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                if target["datasource"]["type"] == "prometheus":
                    yield f"{path.name}: {panel['title']}", target["expr"]
