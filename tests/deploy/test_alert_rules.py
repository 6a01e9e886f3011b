"""Alert rules are complete and proved by promtool; Prometheus, Alertmanager and Grafana accept their files."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler_project.embedded.discovery import PROJECT_DIR

DEPLOY = PROJECT_DIR / "deploy"
RULE_FILES = sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
TEST_FILES = sorted((DEPLOY / "prometheus/tests").glob("*.yml"))
DASHBOARDS = {
    path.name: json.loads(path.read_text()) for path in (DEPLOY / "grafana/dashboards").glob("*.json")
}
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
RUNBOOKS = (PROJECT_DIR / "docs" / "operations.md").read_text()

SEVERITIES = {"critical", "warning"}
GRID_COLUMNS = 24
FIRST_WITH_TOKEN_FILE = (0, 26)  # Alertmanager; Debian 12 has 0.25


def list_rules() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return each rule and the name of its file's component by the name of its alert."""
    return {
        rule["alert"]: (path.stem, rule)
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }


RULES = list_rules()


def test_the_alerts_of_the_specification_are_there() -> None:
    personal = {name for name, (_, rule) in RULES.items() if rule["labels"]["component"] == "personalization"}

    assert personal >= {
        "PersonalizationHighErrorRate",
        "MemoryCompressionFailures",
        "PersonalizationHighLatency",
    }


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_what_it_is_how_bad_and_where_its_runbook_stands(name: str) -> None:
    component, rule = RULES[name]

    assert rule["labels"].keys() == {"severity", "component"}
    assert rule["labels"]["component"] == component
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"


@pytest.mark.parametrize("name", RULES)
def test_a_runbook_says_what_it_means_how_to_see_what_to_do_and_how_it_ends(name: str) -> None:
    section = RUNBOOKS.partition(f"\n### {name}\n")[2].partition("\n#")[0]

    assert re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE) == ["Means", "See", "Do", "Ends"]


def test_there_is_no_runbook_without_its_alert() -> None:
    chapter = RUNBOOKS.partition("\n## Alerts and runbooks\n")[2].partition("\n## ")[0]
    of_logs = [path.read_text() for path in (DEPLOY / "loki" / "rules").rglob("*.yml")]
    known = set(RULES) | {name for text in of_logs for name in re.findall(r"alert: (\w+)", text)}

    assert set(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) <= known


def test_every_alert_is_tested_to_fire_and_not_to() -> None:
    tests = [
        (test["alertname"], bool(test.get("exp_alerts")))
        for path in TEST_FILES
        for case in yaml.safe_load(path.read_text())["tests"]
        for test in case["alert_rule_test"]
    ]

    assert {name for name, fires in tests if fires} == set(RULES)
    assert {name for name in RULES if tests.count((name, False)) < 2} == set()  # before, and when it is over


@pytest.mark.parametrize("name", ["prometheus.yml", "local.yml"])
def test_everything_that_counts_is_scraped(name: str) -> None:
    configuration = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())

    assert {job["job_name"] for job in configuration["scrape_configs"]} >= {
        "web",
        "bot",
        "worker",
        "prometheus",
        "alertmanager",
    }
    assert configuration["rule_files"] == ["rules/*.yml"]


def test_scraped_services_are_services_of_the_compose_file() -> None:
    services = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text())["services"]
    configuration = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    targets = {
        target.partition(":")[0]: job["job_name"]
        for job in configuration["scrape_configs"]
        for given in job["static_configs"]
        for target in given["targets"]
    }

    ours = {name for name, job in targets.items() if job in {"web", "bot", "worker"}}
    assert ours == {name for name in services if name in {"web", "bot"} or name.startswith("worker-")}


def test_dashboards_look_only_at_data_sources_that_are_provided() -> None:
    provided = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/datasources.yml").read_text())
    known = {(source["type"], source["uid"]) for source in provided["datasources"]}
    used = {
        (place["datasource"]["type"], place["datasource"]["uid"])
        for board in DASHBOARDS.values()
        for panel in board["panels"]
        for place in (panel, *panel.get("targets", []))
        if "datasource" in place
    }

    assert used == known == {("prometheus", "prometheus"), ("loki", "loki")}


def test_dashboards_are_told_apart_and_found_by_grafana() -> None:
    (provider,) = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/dashboards.yml").read_text())[
        "providers"
    ]

    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert len({board["uid"] for board in DASHBOARDS.values()}) == len(DASHBOARDS) == 6
    for board in DASHBOARDS.values():
        assert re.fullmatch(r"[a-z-]{8,40}", board["uid"])
        assert board["schemaVersion"] >= 36
        assert isinstance(board["version"], int)
        assert board.keys() >= {"title", "templating", "annotations", "time", "panels"}


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_panels_are_complete_and_do_not_overlap(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= GRID_COLUMNS
        assert panel["title"]
        if panel["type"] != "row":
            assert panel["targets"]
            assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    overlapping = [
        (one["title"], other["title"])
        for one, other in combinations(panels, 2)
        if overlap(one["gridPos"], other["gridPos"])
    ]
    assert overlapping == []


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@pytest.mark.system
def test_promtool_accepts_the_configurations() -> None:
    for name in ("prometheus.yml", "local.yml"):
        run("promtool", "check", "config", "--lint-fatal", str(DEPLOY / "prometheus" / name))


@pytest.mark.system
def test_every_alert_fires_not_too_early_and_resolves() -> None:
    run("promtool", "test", "rules", *map(str, TEST_FILES))


@pytest.mark.system
def test_amtool_accepts_the_routes_as_they_are() -> None:
    assert "1 receivers" in run("amtool", "check-config", str(ALERTMANAGER))
    assert find_receiver(ALERTMANAGER, severity="critical") == "nobody"


@pytest.mark.system
def test_amtool_accepts_telegram_with_the_comment_signs_off(tmp_path: Path) -> None:
    before, receivers = ALERTMANAGER.read_text().split("receivers:")
    content = (
        before.replace("receiver: nobody", "receiver: telegram") + "receivers:" + receivers.replace("#", "")
    )
    if (
        tuple(map(int, re.findall(r"version (\d+)\.(\d+)", run("amtool", "--version"))[0]))
        < FIRST_WITH_TOKEN_FILE
    ):
        content = content.replace("bot_token_file:", "bot_token:")
    changed = tmp_path / "alertmanager.yml"
    changed.write_text(content)

    assert "2 receivers" in run("amtool", "check-config", str(changed))
    assert {find_receiver(changed, severity=severity) for severity in SEVERITIES} == {"telegram"}


def find_receiver(path: Path, **labels: str) -> str:
    given = [f"{name}={value}" for name, value in labels.items()]
    return run("amtool", "config", "routes", "test", f"--config.file={path}", *given).strip()


def run(*command: str) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout
