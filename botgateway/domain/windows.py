"""So many in so long, counted in Redis once for each member however often it is asked about."""

from __future__ import annotations

from redis_connection import redis_client, redis_script

# One script, so that no two workers admit the last one. The set holds `limit` members at most, whatever comes.
ADMIT = """
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 0 end
local known = redis.call('SCARD', KEYS[1])
if known >= tonumber(ARGV[2]) then return redis.call('PTTL', KEYS[1]) end
redis.call('SADD', KEYS[1], ARGV[1])
if known == 0 or known + 1 == tonumber(ARGV[2]) and ARGV[4] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], known == 0 and ARGV[3] or ARGV[4])
end
return 0
"""


def admit(name: str, member: str, *, limit: int, window_s: int, lock_s: int = 0) -> float:
    """Count a member; return 0 if it is among the first `limit`, otherwise in how many seconds the window ends.

    The window begins with its first member. With `lock_s` the last one admitted prolongs it to that many seconds.
    """
    answer = redis_script(ADMIT)(keys=[_key(name)], args=[member, limit, window_s * 1_000, lock_s * 1_000])
    return float(answer) / 1_000


def forget(name: str, *members: str) -> None:
    """Take members back out of a window, all of them if none is named."""
    if members:
        redis_client().srem(_key(name), *members)
    else:
        redis_client().delete(_key(name))


def _key(name: str) -> str:
    return f"window:{name}"
