"""`closed`: how many messages a second when everybody writes as soon as they have their answer, and what it costs."""

from __future__ import annotations

from tests.benchmarks.figures import Figure, Result, Target, latency_figures
from tests.benchmarks.load import converse
from tests.benchmarks.questions import write_for_crowd
from tests.benchmarks.running import Plan, note_logs, settle, warmed_stack
from tests.benchmarks.usage import (
    PER_MESSAGES,
    Spent,
    memory_table,
    peak_megabytes,
    spent_between,
    take_moment,
)

FIRST_CHAT = 2_000
USERS, ROUNDS = 50, 20
QUICK_USERS, QUICK_ROUNDS = 10, 3
THROUGHPUT_NAME = "throughput"
OUR_CPU_NAME = "our processes per 1,000 messages"
THROUGHPUT = Target(30, is_minimum=True)
OUR_CPU = Target(15)
OUR_MEMORY = Target(400)
IN_MEMORY_TARGET = ("web", "bot", "worker")


def run(plan: Plan) -> Result:
    users, rounds = (QUICK_USERS, QUICK_ROUNDS) if plan.is_quick else (USERS, ROUNDS)
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result("closed", f"Closed loop: {users} users × {rounds} messages, the model answers at once.")
    with warmed_stack(chat_ids) as stack:
        questions = write_for_crowd(chat_ids, rounds, tag="круга")
        before = take_moment(stack)
        seconds = converse(stack.telegram.url, questions)
        spent = spent_between(before, take_moment(stack))
        peaks = peak_megabytes(stack)
        outcome = settle(stack, questions)
        note_logs(result, stack)
    resident = sum(peaks[name] for name in IN_MEMORY_TARGET)
    result.figures += [
        Figure(THROUGHPUT_NAME, len(questions) / seconds, "messages/s", THROUGHPUT),
        *_cpu_figures(spent, len(questions)),
        Figure("peak memory of web, bot and worker", resident, "MB", OUR_MEMORY),
        *latency_figures("added latency under this load", outcome.added_s, {}),
    ]
    result.accounting = outcome.accounting
    result.tables += [spent.table(len(questions)), memory_table(peaks)]
    result.notes.append(spent.describe_machine())
    return result


def _cpu_figures(spent: Spent, messages: int) -> list[Figure]:
    def per_thousand(seconds: float) -> float:
        return seconds / messages * PER_MESSAGES

    return [
        Figure(OUR_CPU_NAME, per_thousand(spent.ours), "CPU-s", OUR_CPU),
        Figure("the database per 1,000 messages", per_thousand(spent.by_part["mongodb"]), "CPU-s"),
        Figure("everything per 1,000 messages", per_thousand(spent.total), "CPU-s"),
        Figure("cores busy with the stack", spent.total / spent.seconds, "cores"),
    ]
