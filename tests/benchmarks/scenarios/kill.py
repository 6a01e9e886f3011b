"""`kill`: `kill -9` of the worker under load, again and again: what is lost, and how long until all is well."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.accounting import Exchange
from tests.benchmarks.bench_stack import BenchStack
from tests.benchmarks.figures import Figure, Result, Table
from tests.benchmarks.load import offer
from tests.benchmarks.questions import write_for_crowd
from tests.benchmarks.running import Plan, note_logs, settle, warmed_stack

FIRST_CHAT = 5_000
USERS, ROUNDS = 20, 6
QUICK_USERS, QUICK_ROUNDS = 5, 4
PER_SECOND = 5.0
FIRST_TOKEN_S = 0.2
FIRST_KILL_S, KILL_EVERY_S, KILLS = 2.0, 8.0, 3


@dataclass(frozen=True, slots=True)
class Recovery:
    """How one kill went; times in seconds after it. `waiting` messages had been written and not answered."""

    waiting: int
    first_answer_s: float
    all_answered_s: float


def run(plan: Plan) -> Result:
    users, rounds, kills = (QUICK_USERS, QUICK_ROUNDS, 1) if plan.is_quick else (USERS, ROUNDS, KILLS)
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result(
        "kill",
        f"The worker is killed {kills} times and started again at once, at {PER_SECOND:g} messages/s "
        f"of {users} users; the model's first token after {FIRST_TOKEN_S * 1000:g} ms.",
    )
    with warmed_stack(chat_ids) as stack:
        stack.model.configure(first_token_s=FIRST_TOKEN_S)
        questions = write_for_crowd(chat_ids, rounds, tag="удара")
        killed_at: list[float] = []
        killer = threading.Thread(target=_kill_repeatedly, args=(stack, kills, killed_at))
        killer.start()
        offer(stack.telegram.url, questions, per_second=PER_SECOND)
        killer.join()
        outcome = settle(stack, questions)
        note_logs(result, stack)
    recoveries = [_measure_recovery(outcome.exchanges, at) for at in killed_at]
    result.accounting = outcome.accounting
    result.figures = [
        Figure("longest time until the first answer", max(item.first_answer_s for item in recoveries), "s"),
        Figure("longest time until all was answered", max(item.all_answered_s for item in recoveries), "s"),
    ]
    rows = [
        (f"kill {n}", item.waiting, item.first_answer_s, item.all_answered_s)
        for n, item in enumerate(recoveries, 1)
    ]
    headings = ("kill", "messages waiting", "first answer after s", "those waiting answered after s")
    result.tables.append(Table("Recovery", headings, list(rows)))
    return result


def _kill_repeatedly(stack: BenchStack, kills: int, killed_at: list[float]) -> None:
    time.sleep(FIRST_KILL_S)
    for number in range(kills):
        if number:
            time.sleep(KILL_EVERY_S)
        killed_at.append(time.time())
        stack.worker.kill()
        stack.worker.start()


def _measure_recovery(exchanges: Sequence[Exchange], killed_at: float) -> Recovery:
    later = [exchange for exchange in exchanges if exchange.answered_at > killed_at]
    waiting = [exchange for exchange in later if exchange.created_at <= killed_at]
    first_at = min((exchange.answered_at for exchange in later), default=math.nan)
    last_at = max((exchange.answered_at for exchange in waiting), default=killed_at)
    return Recovery(len(waiting), first_at - killed_at, last_at - killed_at)
