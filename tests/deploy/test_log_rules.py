"""Loki's rules are complete and ask for labels, fields and events that our lines have; its configuration forgets.

No Loki runs here: what it makes of an expression is not tested, that the expressions meet our lines is.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import time
from functools import cache
from typing import Any

import pytest
import yaml

from butler_project.embedded.discovery import PROJECT_DIR
from observability.loki import Entry, build_body
from observability.spans.process import find_process_name
from tests.deploy.compose import OURS, read_command

DEPLOY = PROJECT_DIR / "deploy"
CONFIGURATION = yaml.safe_load((DEPLOY / "loki" / "loki.yml").read_text())
(RULE_FILE,) = (DEPLOY / "loki" / "rules").rglob("*.yml")
GROUPS = yaml.safe_load(RULE_FILE.read_text())["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
RUNBOOKS = (PROJECT_DIR / "docs" / "operations.md").read_text()

CODE = ("botgateway", "butler_project", "digests", "llm", "observability", "personalization")
LEVELS = {"debug", "info", "warning", "error", "critical"}
LOG_METHODS = LEVELS | {"exception"}
OF_EVERY_LINE = {"event", "level", "logger", "timestamp", "trace_id", "exception"}
ON_A_LAPTOP = [shlex.split(line) for line in (PROJECT_DIR / "Procfile").read_text().splitlines()]
# The names under which processes ship, in containers and without. What a shell would say first is cut off.
PROCESSES = {
    find_process_name(command[command.index(program) :])
    for command in [*map(read_command, OURS), *ON_A_LAPTOP]
    for program in ("gunicorn", "manage.py", "celery")
    if program in command
}
SELECTOR = re.compile(r"\{([^{}]*)\}(?!\})")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
EXTRACTION = re.compile(r"\| json ((?:\w+=\"\w+\"(?:, )?)+)")
PIPE_FILTER = re.compile(r'\| (\w+)(?:=~|!~|!=|=)"([^"]*)"')
DURATION = re.compile(r"\d+[mh]")


def list_dashboard_expressions() -> list[str]:
    return [
        target["expr"]
        for path in (DEPLOY / "grafana" / "dashboards").glob("*.json")
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == "loki"
    ]


EXPRESSIONS = [*(rule["expr"] for rule in RULES.values()), *list_dashboard_expressions()]


@cache
def list_log_calls() -> dict[str, set[str]]:
    """Return the events of our own log calls with the fields that each has."""
    calls: dict[str, set[str]] = {}
    for package in CODE:
        for path in (PROJECT_DIR / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if is_log_call(node):
                    fields = {keyword.arg for keyword in node.keywords if keyword.arg}
                    calls.setdefault(node.args[0].value, set()).update(fields)
    return calls


def is_log_call(node: Any) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
    )


def test_processes_have_names_in_containers_and_without() -> None:
    apart = {"replies", "background", "digests"}

    assert {"web", "bot", "beat", "worker", "reader", "migrate"} | apart == PROCESSES


def test_the_groups_are_as_loki_reads_them() -> None:
    assert [group.keys() for group in GROUPS] == [{"name", "interval", "rules"}] * len(GROUPS)
    assert len({group["name"] for group in GROUPS}) == len(GROUPS)
    assert all(DURATION.fullmatch(group["interval"]) for group in GROUPS)
    assert RULES.keys() == {"LogErrorRate", "UnhandledError", "WebhookGuessed", "LogsMissing"}


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_what_it_is_how_bad_and_where_its_runbook_stands(name: str) -> None:
    rule = RULES[name]

    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"] == {"severity": "warning", "component": "logs"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"
    section = RUNBOOKS.partition(f"\n### {name}\n")[2].partition("\n#")[0]
    assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE) == ["Means", "See", "Do", "Ends"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_labels_and_levels_that_are_shipped(expression: str) -> None:
    shipped = json.loads(build_body([Entry(time.time_ns(), "info", "{}")], process="web"))["streams"][0][
        "stream"
    ]

    selectors = SELECTOR.findall(expression)
    assert selectors
    for selector in selectors:
        matchers = MATCHER.findall(selector)
        assert ", ".join(f'{name}{operator}"{value}"' for name, operator, value in matchers) == selector
        assert {name for name, _, _ in matchers} <= shipped.keys()
        asked = {name: set(value.split("|")) for name, _, value in matchers}
        assert asked["app"] == {shipped["app"]}
        assert asked.get("level", set()) <= LEVELS
        assert asked.get("process", set()) <= PROCESSES | {"$process"}
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_fields_are_those_of_our_lines_and_lines_that_are_no_json_are_left_out(expression: str) -> None:
    calls = list_log_calls()
    known = OF_EVERY_LINE.union(*calls.values())

    extracted = {
        pair.partition("=")[0] for found in EXTRACTION.findall(expression) for pair in found.split(", ")
    }
    filters = dict(PIPE_FILTER.findall(expression))
    assert extracted <= known
    assert filters.keys() <= extracted | {"__error__"}
    assert ("json" in expression) == (filters.get("__error__") == "") == bool(extracted)
    if "event" in filters:
        assert filters.keys() - {"event", "__error__"} <= calls[filters["event"]]
        assert f"`{filters['event']}`" in expression  # found before it is taken apart


def test_what_a_rule_looks_for_is_written_so() -> None:
    assert '"secret"' in (PROJECT_DIR / "botgateway" / "views.py").read_text()
    assert '"exception": ' in json.dumps({"exception": "x"})  # the rule's line filter, with the space
    assert "compression run begins" in list_log_calls()  # what a silent house still logs


def test_loki_forgets_after_two_weeks_and_finds_the_rules() -> None:
    assert CONFIGURATION["limits_config"]["retention_period"] == "336h"
    assert CONFIGURATION["compactor"]["retention_enabled"] is True
    assert CONFIGURATION["compactor"]["delete_request_store"] == "filesystem"
    assert CONFIGURATION["schema_config"]["configs"][0]["index"]["period"] == "24h"
    assert CONFIGURATION["auth_enabled"] is False
    assert CONFIGURATION["ruler"]["storage"]["local"]["directory"] == "/etc/loki/rules"
    assert CONFIGURATION["ruler"]["alertmanager_url"] == "http://alertmanager:9093"
    assert CONFIGURATION["analytics"]["reporting_enabled"] is False


def test_lines_that_waited_are_not_too_old_for_loki() -> None:
    hours = int(CONFIGURATION["limits_config"]["reject_old_samples_max_age"].removesuffix("h"))

    assert 24 <= hours < int(CONFIGURATION["limits_config"]["retention_period"].removesuffix("h"))
