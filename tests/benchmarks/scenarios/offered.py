"""`offered`: what Butler adds to the model's time when messages come at a steady rate."""

from __future__ import annotations

from tests.benchmarks.accounting import lag_seconds
from tests.benchmarks.figures import Result, latency_figures
from tests.benchmarks.load import offer
from tests.benchmarks.questions import write_for_crowd
from tests.benchmarks.running import Plan, note_logs, settle, warmed_stack
from tests.benchmarks.usage import spent_between, take_moment

FIRST_CHAT = 1_000
USERS, ROUNDS = 50, 20
QUICK_USERS, QUICK_ROUNDS = 10, 3
PER_SECOND = 10.0
FIRST_TOKEN_S = 0.2
TARGETS_MS = {50: 60.0, 95: 150.0, 99: 400.0}


def run(plan: Plan) -> Result:
    users, rounds = (QUICK_USERS, QUICK_ROUNDS) if plan.is_quick else (USERS, ROUNDS)
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result(
        "offered",
        f"Open loop: {PER_SECOND:g} messages/s, {users} users × {rounds} messages, "
        f"the model's first token after {FIRST_TOKEN_S * 1000:g} ms.",
    )
    with warmed_stack(chat_ids) as stack:
        stack.model.configure(first_token_s=FIRST_TOKEN_S)
        questions = write_for_crowd(chat_ids, rounds, tag="потока")
        before = take_moment(stack)
        offer(stack.telegram.url, questions, per_second=PER_SECOND)
        spent = spent_between(before, take_moment(stack))
        outcome = settle(stack, questions)
        note_logs(result, stack)
    lag_s = lag_seconds(outcome.exchanges)
    since_due_s = [added + lag for added, lag in zip(outcome.added_s, lag_s, strict=True)]
    result.figures += latency_figures("added latency", outcome.added_s, TARGETS_MS)
    result.figures += latency_figures("the same from the scheduled time", since_due_s, {})
    result.figures += latency_figures("latency with the model's time", outcome.total_s, {})
    result.accounting = outcome.accounting
    result.tables.append(spent.table(len(questions)))
    result.notes.append(spent.describe_machine())
    return result
