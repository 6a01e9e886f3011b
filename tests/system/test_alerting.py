"""Prometheus and Alertmanager themselves, over a running stack: alerts fire, arrive and resolve.

The rules are those of deploy/prometheus with shorter durations, see `tests.harness.monitoring`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.deploy.expressions import list_panels, list_rules
from tests.deploy.promql import list_selectors
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.monitoring import DEPLOY, Monitoring, quicken_rules
from tests.harness.processes import wait_until
from tests.harness.shared_stack import QUICK
from tests.harness.stack import Stack, start_model
from tests.harness.telegram import SandboxClient

pytestmark = pytest.mark.system

MEMORY_CAP = 4
# On a slow machine a message may take longer than the sweeper and the model's callers wait in other tests: that is no
# fault to raise an alarm about.
UNHURRIED = {
    "OVERDUE_AFTER_S": "60",
    "TURN_LEASE_S": "30",
    "LLM_TIMEOUT_S": "60",
    "LLM_CONNECT_TIMEOUT_S": "30",
}
UNFIT_SUMMARY = "Здравствуйте! Чем могу помочь?"
DERIVED = re.compile(r"_(total|bucket|count|sum)$")  # OpenMetrics leaves these out of a family's name
MADE_BY_PROMETHEUS = {"up", "ALERTS"}
OF_A_REAL_TRANSCRIBER = "speech_"  # the stack has a scripted one

_chat_ids = count(7_000)


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitoring]:
    settings = {**QUICK, **UNHURRIED, "MEMORY_CAP": str(MEMORY_CAP), "MEMORY_KEEP_LAST": "2"}
    with Stack(tmp_path_factory.mktemp("stack"), **settings) as stack, Monitoring(stack) as found:
        yield found


@pytest.fixture
def telegram(monitoring: Monitoring) -> SandboxClient:
    return monitoring.stack.telegram


@pytest.fixture
def model(monitoring: Monitoring) -> LLMStandIn:
    assert monitoring.stack.model is not None
    return monitoring.stack.model


def talk(telegram: SandboxClient, chat_ids: list[int], *, messages: int) -> None:
    """Let people write so many messages each, one after the other's answer."""
    known = {chat_id: len(telegram.answers(chat_id)) for chat_id in chat_ids}
    for number in range(1, messages + 1):
        for chat_id in chat_ids:
            telegram.write(chat_id, f"Который час, {chat_id}-{number}?")
        for chat_id in chat_ids:
            telegram.wait_for_answers(chat_id, known[chat_id] + number)


def new_chats(number: int) -> list[int]:
    return [next(_chat_ids) for _ in range(number)]


@pytest.mark.parametrize(
    "path", sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")), ids=lambda path: path.stem
)
def test_only_durations_are_shortened(path: Path) -> None:
    before, after = path.read_text(), quicken_rules(path.read_text())

    durations = re.compile(r"\[\w+\]|(?<=offset )\w+|(?<=for: )\w+")
    assert before != after
    assert durations.sub("", before) == durations.sub("", after)


def test_all_is_scraped_no_rule_fails_and_nothing_fires_by_itself(monitoring: Monitoring) -> None:
    talk(monitoring.stack.telegram, new_chats(1), messages=1)
    monitoring.stack.wait_until_settled()
    expressions = [expression for _, expression in (*list_rules(), *list_panels())]
    named = {selector.metric for expression in expressions for selector in list_selectors(expression)}
    expected = {name for name in named - MADE_BY_PROMETHEUS if not name.startswith(OF_A_REAL_TRANSCRIBER)}

    def find_missing() -> set[str]:
        exported = {DERIVED.sub("", name) for name in monitoring.ask_prometheus("metadata")}
        return {name for name in expected if DERIVED.sub("", name) not in exported}

    wait_until(lambda: not find_missing(), what=lambda: f"the scrape of {find_missing()}")
    wait_until(monitoring.are_targets_up, what="the targets")
    rules = [rule for group in monitoring.ask_prometheus("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules if rule["health"] == "err"} == set()
    assert len(rules) == len(list(list_rules()))
    assert monitoring.list_firing() == {}


def test_a_stopped_model_fires_the_error_rate_and_its_return_resolves_it(
    monitoring: Monitoring, telegram: SandboxClient, model: LLMStandIn
) -> None:
    name, chats = "PersonalizationHighErrorRate", new_chats(6)
    model.stop()

    told = monitoring.wait_until_told(name, "firing", meanwhile=lambda: talk(telegram, chats, messages=1))
    held = monitoring.list_firing()[name]
    assert told["labels"] == held["labels"]
    assert told["labels"] == {"alertname": name, "severity": "critical", "component": "personalization"}
    assert told["annotations"]["runbook_url"] == "docs/operations.md#personalizationhigherrorrate"
    assert re.fullmatch(r"[\d.]+% of the messages get no answer", told["annotations"]["summary"])

    monitoring.stack.model = start_model(int(model.root.rsplit(":", 1)[1]))
    talk(telegram, chats, messages=1)

    monitoring.wait_until_told(name, "resolved")
    assert name not in monitoring.list_firing()


def test_failing_summaries_fire_and_a_good_one_resolves(
    monitoring: Monitoring, telegram: SandboxClient, model: LLMStandIn
) -> None:
    # More than five of so many fail within a window, however slowly they write.
    name, chats = "MemoryCompressionFailures", new_chats(12)
    model.script({"kind": "answer", "match": "<transcript>", "text": UNFIT_SUMMARY, "times": 0})
    talk(telegram, chats, messages=MEMORY_CAP // 2)

    told = monitoring.wait_until_told(name, "firing", meanwhile=lambda: talk(telegram, chats, messages=1))
    assert told["labels"] == {"alertname": name, "severity": "warning", "component": "personalization"}
    assert name in monitoring.list_firing()

    model.forget_script()
    talk(telegram, chats, messages=1)

    monitoring.wait_until_told(name, "resolved")
    with_summary = {"memory_summary": {"$ne": ""}}
    profiles = monitoring.stack.database().user_profiles
    wait_until(lambda: profiles.count_documents(with_summary) >= len(chats), what="the summaries")
