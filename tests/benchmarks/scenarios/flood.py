"""`flood`: what the others notice while one person sends 150 messages at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.benchmarks.figures import Figure, Result, Target, latency_figures, median
from tests.benchmarks.load import People, offer
from tests.benchmarks.questions import Question, write_for_crowd, write_questions
from tests.benchmarks.running import Outcome, Plan, note_logs, settle, warmed_stack

FIRST_CHAT, FLOODING_CHAT = 3_000, 3_999
USERS, ROUNDS, FLOOD = 20, 4, 150
QUICK_USERS, QUICK_ROUNDS, QUICK_FLOOD = 5, 2, 10
PER_SECOND = 5.0
FIRST_TOKEN_S = 0.1
OTHERS_RATIO = Target(1.5)


def run(plan: Plan) -> Result:
    users, rounds, flood = (
        (QUICK_USERS, QUICK_ROUNDS, QUICK_FLOOD) if plan.is_quick else (USERS, ROUNDS, FLOOD)
    )
    chat_ids = range(FIRST_CHAT, FIRST_CHAT + users)
    result = Result(
        "flood",
        f"{users} users at {PER_SECOND:g} messages/s together, without and with one more who sends {flood} at once; "
        f"the model's first token after {FIRST_TOKEN_S * 1000:g} ms.",
    )
    with warmed_stack(chat_ids) as stack:
        stack.model.configure(first_token_s=FIRST_TOKEN_S)
        usual = write_for_crowd(chat_ids, rounds, tag="покоя")
        offer(stack.telegram.url, usual, per_second=PER_SECOND)
        calm = settle(stack, usual)
        others = write_for_crowd(chat_ids, rounds, tag="потопа")
        flooding = write_questions(FLOODING_CHAT, flood, tag="потопа")
        asyncio.run(_offer_and_flood(stack.telegram.url, others, flooding))
        everybody = settle(stack, [*usual, *others, *flooding])
        note_logs(result, stack)
    result.accounting = everybody.accounting
    result.figures = _compare(calm, everybody, others)
    flood_ended_at = max(
        (item.answered_at for item in everybody.exchanges if item.question.chat_id == FLOODING_CHAT),
        default=0.0,
    )
    result.figures.append(Figure("the flood was answered after", flood_ended_at - others[0].due_at, "s"))
    return result


async def _offer_and_flood(url: str, others: Sequence[Question], flooding: Sequence[Question]) -> None:
    async with People(url) as people:
        await asyncio.gather(people.offer(others, per_second=PER_SECOND), people.write_at_once(flooding))


def _compare(calm: Outcome, everybody: Outcome, others: Sequence[Question]) -> list[Figure]:
    of_others = {question.marker for question in others}
    during = [
        (exchange.seconds, added)
        for exchange, added in zip(everybody.exchanges, everybody.added_s, strict=True)
        if exchange.question.marker in of_others
    ]
    total_s, added_s = [total for total, _ in during], [added for _, added in during]
    ratio = median(total_s) / median(calm.total_s)
    return [
        Figure("others' median latency, flood to normal", ratio, "×", OTHERS_RATIO),
        Figure("the same of the added latency", median(added_s) / median(calm.added_s), "×"),
        *latency_figures("normal: added latency", calm.added_s, {}),
        *latency_figures("during the flood: added latency", added_s, {}),
    ]
