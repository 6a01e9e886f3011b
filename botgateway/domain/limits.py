"""How much a person may ask: so many questions a minute, so many tokens a day. The numbers live in Redis.

A question is counted under its key, so that asking about it again, after a crash or while its recording is being
listened to, gives the same answer and costs nothing.

Of the day's tokens Redis has only a copy, which is read from the exchanges with the day's first question, and again if
Redis has lost it; what other processes have recorded within the last second is then missing. Somebody who is forgotten
leaves no exchanges; until midnight the copy stays. Where nothing is kept of a person, in groups and without
personalization, exchanges name nobody, and Redis alone counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from llm import exchanges
from redis_connection import redis_client, redis_script

WINDOW_S = 60
BUDGET_TOLD_S = 3_600  # how seldom somebody hears that the day's tokens are spent
ADMITTED_S = (
    86_400  # how long a question that was let in stays so: as long as Telegram keeps what is not taken
)
FEWEST_KEPT = 500  # questions of a person; how many more there may be in a window is for the limit to say
CLOCK_MARGIN_S = 3_600  # the clocks of Redis and of the workers may differ; the day is in the key as well

# The keys: questions let in (by time), the day's tokens, and for either limit the question whose refusal was told.
ADMIT = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    return {}
end
local function is_told(key, seconds)
    if redis.call('SET', key, ARGV[1], 'NX', 'EX', seconds) then
        return 0
    end
    return redis.call('GET', key) == ARGV[1] and 0 or 1
end
local budget = tonumber(ARGV[4])
if budget > 0 then
    if ARGV[8] then
        redis.call('SET', KEYS[2], ARGV[8], 'NX', 'EX', ARGV[9])
    end
    local spent = redis.call('GET', KEYS[2])
    if not spent then
        return {'unknown'}
    end
    if tonumber(spent) >= budget then
        return {1, 0, is_told(KEYS[4], ARGV[5])}
    end
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local limit = tonumber(ARGV[2])
if limit > 0 then
    local first = redis.call('ZREVRANGE', KEYS[1], limit - 1, limit - 1, 'WITHSCORES')[2]
    local wait = first and first + ARGV[3] * 1000 - now or 0
    if wait > 0 then
        return {0, wait, is_told(KEYS[3], ARGV[3])}
    end
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(ARGV[6] + 1))
redis.call('EXPIRE', KEYS[1], ARGV[7])
return {}
"""
SPENT_UNKNOWN = ["unknown"]
# What is not known is not begun with one answer: the next question reads all of the day's.
SPEND = """
if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.call('INCRBY', KEYS[1], ARGV[1])
end
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`retry_at` is when there is an answer again; `is_told` says that the person has heard so already."""

    is_budget: bool
    retry_at: datetime
    is_told: bool = False


def admit(user_id: str, *, question_key: str) -> Refusal | None:
    """Count a question, once however often it is asked about; return why it is refused, None if it is not.

    Raises `redis.RedisError`, and for the day's first question `django.db.DatabaseError`.
    """
    if not settings.RATE_LIMIT_PER_MINUTE and not settings.DAILY_TOKEN_BUDGET:
        return None
    verdict = _count(user_id, question_key)
    if verdict == SPENT_UNKNOWN:
        exchanges.flush_exchanges()
        spent = exchanges.sum_tokens(user_id, since=exchanges.begin_day())
        verdict = _count(user_id, question_key, spent, _last_until_tomorrow_s())
    if not verdict:
        return None
    is_budget, wait_ms, is_told = verdict
    retry_at = _find_renewal() if is_budget else timezone.now() + timedelta(milliseconds=wait_ms)
    return Refusal(bool(is_budget), retry_at, bool(is_told))


def _count(user_id: str, question_key: str, *spent: int) -> list[Any]:
    """Ask Redis; `spent`, if it was unknown: the day's tokens, and for how many seconds to keep that."""
    rate, budget = settings.RATE_LIMIT_PER_MINUTE, settings.DAILY_TOKEN_BUDGET
    questions, told_rate, told_budget = _own_keys(user_id)
    verdict: list[Any] = redis_script(ADMIT)(
        keys=[questions, _tokens_key(user_id), told_rate, told_budget],
        args=[
            question_key,
            rate,
            WINDOW_S,
            budget,
            BUDGET_TOLD_S,
            max(FEWEST_KEPT, rate),
            ADMITTED_S,
            *spent,
        ],
    )
    return verdict


def spend_tokens(user_id: str, tokens: int) -> None:
    """Count what an answer cost towards the day's budget; its exchanges are recorded. Raises `redis.RedisError`."""
    if not settings.DAILY_TOKEN_BUDGET or not tokens:
        return
    redis_script(SPEND)(keys=[_tokens_key(user_id)], args=[tokens])


def forget_questions(user_id: str) -> None:
    """Forget what was asked and told, but not the day's tokens: forgetting must not renew the budget."""
    redis_client().delete(*_own_keys(user_id))


def _last_until_tomorrow_s() -> int:
    return int((_find_renewal() - timezone.now()).total_seconds()) + CLOCK_MARGIN_S


def _find_renewal() -> datetime:
    """Return when the next day of `TIME_ZONE` begins, in that zone."""
    return exchanges.begin_day(days_ago=-1)


def _own_keys(user_id: str) -> tuple[str, str, str]:
    return f"limit:questions:{user_id}", f"limit:told-rate:{user_id}", f"limit:told-budget:{user_id}"


def _tokens_key(user_id: str) -> str:
    today = timezone.now().astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return f"limit:tokens:{today}:{user_id}"
