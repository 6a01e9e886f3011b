"""`counted`: the commands and calls that one short text message costs, by name."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from redis import Redis

from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Cell, Figure, Result, Table, Target
from tests.benchmarks.load import converse
from tests.benchmarks.proxy import CountingProxy, Sent
from tests.benchmarks.questions import Question, write_for_crowd
from tests.benchmarks.running import DRAIN_TIMEOUT_S, Plan, note_logs, settle, warmed_stack

FIRST_CHAT = 6_000
USERS, ROUNDS = 10, 5
QUICK_USERS, QUICK_ROUNDS = 2, 2
IDLE_S, QUICK_IDLE_S = 10.0, 2.0
NEVER_S = "86400"
DATABASE, BROKER, TELEGRAM = Target(7), Target(10), Target(3)
LISTED_FROM = 0.005  # rarer than once in 200 messages: rounding of the idle share


def run(plan: Plan) -> Result:
    users, rounds, idle_s = (
        (QUICK_USERS, QUICK_ROUNDS, QUICK_IDLE_S) if plan.is_quick else (USERS, ROUNDS, IDLE_S)
    )
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result(
        "counted",
        f"{users * rounds} short messages, one after the other; the sweeper is off, and what {idle_s:g} s of idling "
        "send is subtracted.",
    )
    with warmed_stack(chat_ids, is_watched=True, SWEEP_INTERVAL_S=NEVER_S) as stack:
        questions = write_for_crowd(chat_ids, rounds, tag="счёта")
        _count(result, stack, questions, idle_s)
        note_logs(result, stack)
    return result


def _count(result: Result, stack: BenchStack, questions: list[Question], idle_s: float) -> None:
    broker = Redis.from_url(stack.direct_urls[1], decode_responses=True)
    stack.wait_until_quiet(timeout_s=DRAIN_TIMEOUT_S)
    broker.ping()  # what a new connection sends is not to be counted
    idle = Window(stack, broker, lambda: time.sleep(idle_s))
    busy = Window(stack, broker, lambda: _talk_one_by_one(stack, questions))
    result.accounting = settle(stack, questions).accounting
    share = busy.seconds / idle.seconds
    totals = []
    for title, mine, idling in (
        ("Database commands", busy.mongodb, idle.mongodb),
        ("Redis commands", busy.redis, idle.redis),
        ("Redis commands inside Lua scripts", busy.inside_scripts, idle.inside_scripts),
        ("Telegram calls", busy.telegram, idle.telegram),
    ):
        table, total = _tabulate(title, mine, idling, share, len(questions))
        result.tables.append(table)
        totals.append(total)
    result.figures = [
        Figure("database commands a message", totals[0], "", DATABASE),
        Figure("Redis commands a message", totals[1], "", BROKER),
        Figure("Redis commands inside scripts", totals[2]),
        Figure("Telegram calls a message", totals[3], "", TELEGRAM),
        Figure("time of a message on its own", busy.seconds / len(questions) * 1000, "ms"),
    ]


def _talk_one_by_one(stack: BenchStack, questions: list[Question]) -> None:
    for question in questions:
        converse(stack.telegram.url, [question])


class Window:
    """Counts by name of what was sent while something ran."""

    def __init__(self, stack: BenchStack, broker: Redis, act: Callable[[], None]) -> None:
        mongodb, redis = stack.proxies
        executed, called = _executed_by(broker), _called_at_telegram(stack)
        began_at = time.time()
        act()
        self.seconds = time.time() - began_at
        owners = stack.name_of_clients()
        self.mongodb = _count_sent(mongodb, began_at, owners)
        self.redis = _count_sent(redis, began_at, owners)
        self.telegram = _called_at_telegram(stack) - called
        sent = Counter(item.command.label.split()[0].lower() for item in redis.since(began_at))
        asked = Counter({"info": 1})  # by the lines above and below
        self.inside_scripts = _executed_by(broker) - executed - sent - asked


def _count_sent(proxy: CountingProxy, began_at: float, owners: dict[int, str]) -> Counter[str]:
    return Counter(_label(sent, owners) for sent in proxy.since(began_at))


def _label(sent: Sent, owners: dict[int, str]) -> str:
    ending = " (nothing came)" if sent.is_timed_out else ""
    return f"{owners.get(sent.client_port, 'gone')}: {sent.command.label}{ending}"


def _executed_by(broker: Redis) -> Counter[str]:
    stats = broker.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): entry["calls"] for name, entry in stats.items()})


def _called_at_telegram(stack: BenchStack) -> Counter[str]:
    methods = stack.telegram.get("stats")["methods"]
    return Counter({name: entry["total"] for name, entry in methods.items()})


def _tabulate(
    title: str, busy: Counter[str], idle: Counter[str], share: float, messages: int
) -> tuple[Table, float]:
    """Return the table and the sum: counts a message, less the share of idling in the same time."""
    rows: list[tuple[Cell, ...]] = []
    total = 0.0
    for name in sorted(busy | idle):
        idling = idle[name] * share / messages
        net = max(0.0, busy[name] / messages - idling)
        total += net
        if busy[name] / messages >= LISTED_FROM:
            rows.append((name, busy[name] / messages, idling, net))
    rows.append(("together", sum(busy.values()) / messages, sum(idle.values()) * share / messages, total))
    return Table(title, ("name", "a message", "of it idling", "net"), rows), total
