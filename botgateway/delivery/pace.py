"""The pace at which all processes together call Telegram: nobody waits in a thread, everybody gets a place.

Two limits hold for each message and each edit: one of all chats together, one of the chat. Both follow the generic
cell rate algorithm (ITU-T I.371, annex A): a limit is one moment in Redis, up to which its calls are spoken for.

A call whose moment has not come keeps its place: whoever comes back for the chat finds it. While a chat waits for its
own limit it keeps no place among all, because nobody could use the time before it; it gets one when it is the chat's
turn. Redis keeps the clock. Its scripts take one round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from django.conf import settings

from botgateway import metrics
from redis_connection import redis_client, redis_script

US = 1_000_000
LONGEST_SLEEP_S = 0.25  # shorter than the delivery of a wake-up call is worth
LATE_S = 2.0  # a place not taken by then is lost: many of them taken at once would be a flood
CHAT_BURST = 4  # an answer in two parts after a preface and a draft
OVERALL_BURST_S = 0.1  # a tenth of a second's messages may go at once
LEAST_BURST = 2  # drafts leave one place free
# Groups take 20 messages a minute (core.telegram.org/bots/faq). A burst counts towards the first of them.
GROUP_BURST = 3
GROUP_SHARE = (20 - GROUP_BURST) / 60  # of the rate of a private chat, which is one message a second
# Of the overall rate, for messages to many: kept busy to the last, Telegram would refuse answers, too.
SPARE_SHARE = 0.8
# One chat's refusal is that chat's own affair, several at once concern the bot.
CHATS_REFUSED = 3
REFUSALS_WINDOW_S = 10

TAKE_PLACE = """
local overall_step, overall_slack, chat_step, chat_slack = ARGV[1] + 0, ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0
local longest, late, kind, spare_step = ARGV[5] + 0, ARGV[6] + 0, ARGV[7], ARGV[8] + 0
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local found = redis.call('MGET', unpack(KEYS))
local overall, chat = tonumber(found[1] or 0), tonumber(found[2] or 0)
local overall_open = math.max(now, tonumber(found[3] or 0))
local chat_open = math.max(now, tonumber(found[4] or 0))
local kept = found[5]

local function keep(key, value, moment, margin)
    local lifetime = math.ceil((moment - now + margin) / 1000)
    redis.call('SET', key, value, 'PX', string.format('%.0f', lifetime))
end
local function advance(key, spoken_for, open, step)
    local moment = math.max(spoken_for, open) + step
    keep(key, string.format('%.0f', moment), moment, 1000000)
end

if kind ~= 'due' then
    local spare = tonumber(found[6] or 0)
    local free = math.max(overall_open, chat_open, chat - chat_slack + chat_step)
    if kind == 'spare' then
        free = math.max(free, overall, spare - spare_step)
    else
        free = math.max(free, overall - overall_slack + overall_step)
    end
    if free > now then
        return {0, free - now}
    end
    advance(KEYS[1], overall, overall_open, overall_step)
    advance(KEYS[2], chat, chat_open, chat_step)
    if kind == 'spare' then
        advance(KEYS[6], spare, now, spare_step)
    end
    return {1, 0}
end

local moment, has_place
if kept then
    moment = math.max(tonumber(string.sub(kept, 2)), found[4] and chat_open or 0)
    local is_missed = now > moment + late or moment < tonumber(found[3] or 0)
    has_place = string.sub(kept, 1, 1) == 'p' and not is_missed
else
    moment = math.max(chat_open, chat - chat_slack)
    advance(KEYS[2], chat, chat_open, chat_step)
end
if not has_place then
    local free = math.max(overall_open, overall - overall_slack)
    if moment <= math.max(free, now + longest) then
        moment = math.max(moment, free)
        advance(KEYS[1], overall, overall_open, overall_step)
        has_place = true
    end
end
local wait = math.max(moment - now, 0)
if has_place and wait <= longest then
    if kept then
        redis.call('DEL', KEYS[5])
    end
    return {1, wait}
end
keep(KEYS[5], (has_place and 'p' or 'c') .. string.format('%.0f', moment), moment, late)
return {0, wait}
"""

NOTE_REFUSAL = """
local pause, chat_step, chat_slack, late = ARGV[1] + 0, ARGV[2] + 0, ARGV[3] + 0, ARGV[4] + 0
local window, enough = ARGV[5], ARGV[6] + 0
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local moment = string.format('%.0f', now + pause)

local function keep(key, value, lifetime)
    redis.call('SET', key, value, 'PX', string.format('%.0f', math.ceil(lifetime / 1000)))
end

local chat = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + pause + chat_slack + chat_step)
keep(KEYS[1], string.format('%.0f', chat), chat - now + 1000000)
keep(KEYS[2], moment, pause)
keep(KEYS[3], 'c' .. moment, pause + late)
redis.call('SADD', KEYS[5], KEYS[1])
redis.call('EXPIRE', KEYS[5], window)
if redis.call('SCARD', KEYS[5]) >= enough then
    keep(KEYS[4], moment, pause)
end
"""


class Kind(Enum):
    DUE = "due"
    DRAFT = "draft"
    SPARE = "spare"


@dataclass(frozen=True, slots=True)
class Place:
    """`is_taken`: call in `wait_s` seconds, which is soon. Otherwise come back then."""

    is_taken: bool
    wait_s: float


def take_place(chat_id: int) -> Place:
    """Take or keep the next place for a message or an edit that has to go out. Raises `redis.RedisError`."""
    return _take(chat_id, Kind.DUE)


def take_free_place(chat_id: int) -> Place:
    """Take a place for a draft if one is free now and another one stays so for what has to go out.

    Otherwise nothing is kept. Raises `redis.RedisError`.
    """
    return _take(chat_id, Kind.DRAFT)


def take_spare_place(chat_id: int) -> Place:
    """Take a place for one message of many if nothing is spoken for, so that answers and drafts never wait for it.

    Otherwise nothing is kept. `SPARE_SHARE` of the overall rate is there for these. Raises `redis.RedisError`.
    """
    return _take(chat_id, Kind.SPARE)


def note_refusal(chat_id: int, retry_after_s: float) -> None:
    """Let nobody call for this chat before Telegram's `retry_after` is over, or for any if others were refused, too.

    Telegram does not say whose limit it was. The chat's next place is kept for then. Raises `redis.RedisError`.
    """
    metrics.RETRY_AFTER.inc()
    rate, burst = _chat_limit(chat_id)
    redis_script(NOTE_REFUSAL)(
        keys=[_chat_key(chat_id), f"pace:hold:{chat_id}", _place_key(chat_id), "pace:hold", "pace:refused"],
        args=[
            int(retry_after_s * US),
            _step_us(rate),
            _slack_us(rate, burst),
            int(LATE_S * US),
            REFUSALS_WINDOW_S,
            CHATS_REFUSED,
        ],
    )


def find_waiting(chat_ids: Sequence[str]) -> set[str]:
    """Return the chats whose place has yet to come. Raises `redis.RedisError`."""
    if not chat_ids:
        return set()
    places = redis_client().mget([_place_key(chat_id) for chat_id in chat_ids])
    return {chat_id for chat_id, place in zip(chat_ids, places, strict=True) if place is not None}


def _take(chat_id: int, kind: Kind) -> Place:
    overall_rate = settings.TELEGRAM_RATE_PER_S
    overall_burst = max(LEAST_BURST, overall_rate * OVERALL_BURST_S)
    rate, burst = _chat_limit(chat_id)
    is_taken, wait_us = redis_script(TAKE_PLACE)(
        keys=[
            "pace:all",
            _chat_key(chat_id),
            "pace:hold",
            f"pace:hold:{chat_id}",
            _place_key(chat_id),
            "pace:spare",
        ],
        args=[
            _step_us(overall_rate),
            _slack_us(overall_rate, overall_burst),
            _step_us(rate),
            _slack_us(rate, burst),
            int(LONGEST_SLEEP_S * US),
            int(LATE_S * US),
            kind.value,
            _step_us(overall_rate * SPARE_SHARE),
        ],
    )
    return Place(bool(is_taken), wait_us / US)


def _chat_limit(chat_id: int) -> tuple[float, float]:
    """Return messages a second and the burst; Telegram gives groups negative ids."""
    rate = settings.TELEGRAM_CHAT_RATE_PER_S
    return (rate * GROUP_SHARE, GROUP_BURST) if chat_id < 0 else (rate, CHAT_BURST)


def _step_us(rate_per_s: float) -> int:
    return max(1, round(US / rate_per_s))


def _slack_us(rate_per_s: float, burst: float) -> int:
    return round((burst - 1) * _step_us(rate_per_s))


def _chat_key(chat_id: int) -> str:
    return f"pace:chat:{chat_id}"


def _place_key(chat_id: int | str) -> str:
    return f"pace:place:{chat_id}"
