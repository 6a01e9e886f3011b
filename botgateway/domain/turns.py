"""Turns: at any time one worker at most answers a chat, and none waits for another.

The lock is a key in Redis with a lease that is renewed while the worker lives. A worker that finds it taken leaves
a note («look again») and goes; the holder looks for the note after letting go. The order of the steps makes a lost
wake-up impossible: the note is written before the last try for the lock, the lock goes before the note is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto

import structlog
from django.conf import settings
from redis.exceptions import LockError, RedisError
from redis.lock import Lock

from botgateway.errors import TurnLost
from heartbeat import heartbeat
from redis_connection import redis_client

log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3
NOTE_TTL_S = 3_600
ATTEMPT_TTL_S, FORGOTTEN_ATTEMPT_TTL_S = 86_400, 600
OUTAGE_MARK, WAIT_MARK = "outage:", "wait:"
STOP_TTL_S = 600
STOP_ASKED, STOPPED = "asked", "stopped"


class Attempt(Enum):
    """What is known of the attempts at an update before this one."""

    FIRST = auto()
    AFTER_FAILURE = auto()  # the worker was killed, or it failed for a reason of its own
    AFTER_OUTAGE = auto()
    AFTER_WAIT = auto()  # it had to wait for its turn at Telegram, and whatever it sent is accounted for


class Turn:
    """The exclusive right to answer one chat."""

    def __init__(self, chat_id: str) -> None:
        self.chat_id = chat_id
        self._redis = redis_client()
        self._lock = Lock(self._redis, f"turn:{chat_id}", timeout=settings.TURN_LEASE_S, thread_local=False)
        self._held_until = 0.0
        self._has_lapsed = False
        self._is_given_back = False

    def try_take(self) -> bool:
        """Take the turn if it is free; otherwise leave a note for its holder."""
        if self._acquire():
            return True
        self._redis.set(self._note_key, 1, ex=NOTE_TTL_S)
        return self._acquire()

    def give_back(self) -> bool:
        """Let the turn go; return whether somebody left a note meanwhile."""
        self._is_given_back = True
        try:
            self._lock.release()
        except LockError:
            log.warning("turn had run out", chat_id=self.chat_id)
        return self._redis.getdel(self._note_key) is not None

    def renew(self) -> None:
        """Prolong the lease; one that ran out while Redis was away is taken anew if nobody else has."""
        asked_at = time.monotonic()
        try:
            self._lock.reacquire()
        except LockError:
            if self._is_given_back or not self._acquire():  # given back while this call was on its way
                return
            self._has_lapsed = True
        self._held_until = asked_at + settings.TURN_LEASE_S

    def ensure_held(self, *, is_undone: Callable[[], bool] = lambda: True) -> None:
        """Raise `TurnLost` if another worker may be answering this chat. Asks Redis only when in doubt.

        `is_undone` is asked if the turn was free for a while: another worker may have come, done what was to be done,
        and gone again.
        """
        if time.monotonic() >= self._held_until:
            self.renew()
            if time.monotonic() >= self._held_until:
                raise TurnLost
        if self._has_lapsed and not is_undone():
            raise TurnLost

    def begin_attempt(self, update_key: str) -> Attempt:
        """Note which update is being answered, and tell what became of an earlier attempt at the same one."""
        earlier = self._redis.set(self._attempt_key, update_key, ex=ATTEMPT_TTL_S, get=True)
        if earlier == update_key:
            return Attempt.AFTER_FAILURE
        if earlier == WAIT_MARK + update_key:
            return Attempt.AFTER_WAIT
        return Attempt.AFTER_OUTAGE if earlier == OUTAGE_MARK + update_key else Attempt.FIRST

    def note_outage(self, update_key: str) -> None:
        """Keep the attempt from counting as a failure: Telegram or the database was away."""
        self._redis.set(self._attempt_key, OUTAGE_MARK + update_key, ex=ATTEMPT_TTL_S)

    def note_wait(self, update_key: str) -> None:
        """Keep the attempt from counting as one: Telegram's limits put its message off."""
        self._redis.set(self._attempt_key, WAIT_MARK + update_key, ex=ATTEMPT_TTL_S)

    def is_stop_asked(self) -> bool:
        """Tell whether the person has asked for the answer under way to end."""
        return bool(self._redis.exists(_stop_key(self.chat_id)))

    def note_stopped(self) -> None:
        """Note that an answer has ended because it was asked to."""
        self._redis.set(_stop_key(self.chat_id), STOPPED, ex=STOP_TTL_S)

    def take_back_stop(self) -> bool:
        """Let answers begin again; return whether one was stopped."""
        return self._redis.getdel(_stop_key(self.chat_id)) == STOPPED

    @property
    def _note_key(self) -> str:
        return f"turn-note:{self.chat_id}"

    @property
    def _attempt_key(self) -> str:
        return _attempt_key(self.chat_id)

    def _acquire(self) -> bool:
        asked_at = time.monotonic()
        is_taken = bool(self._lock.acquire(blocking=False))
        if is_taken:
            self._is_given_back = False
            self._held_until = asked_at + settings.TURN_LEASE_S
        return is_taken


def ask_to_stop(chat_id: str) -> None:
    """Ask for the answer under way in a chat to end; holds for what was asked before the /stop."""
    redis_client().set(_stop_key(chat_id), STOP_ASKED, ex=STOP_TTL_S)


def forget_chat(chat_id: str) -> None:
    """Leave of a chat's marks what is in use: the turn, a note for its holder, for a while the attempt under way.

    The attempt at the request to be forgotten counts its failures, so its mark outlasts the request.
    """
    redis_client().delete(_stop_key(chat_id))
    redis_client().expire(_attempt_key(chat_id), FORGOTTEN_ATTEMPT_TTL_S)


def _attempt_key(chat_id: str) -> str:
    return f"turn-attempt:{chat_id}"


def _stop_key(chat_id: str) -> str:
    return f"turn-stop:{chat_id}"


def take_turns(chat_id: str, answer: Callable[[Turn], None]) -> bool:
    """Call `answer` while holding the chat's turn, again for every note left meanwhile.

    Returns False if another worker holds the turn. Raises `redis.RedisError` when Redis is away.
    """
    turn = Turn(chat_id)
    if not turn.try_take():
        return False
    while True:
        try:
            with heartbeat.every(settings.TURN_LEASE_S / RENEWALS_PER_LEASE, turn.renew):
                answer(turn)
        finally:
            has_note = _give_back(turn)
        if not has_note or not turn.try_take():
            return True


def take_one_turn(
    chat_id: str, act: Callable[[Turn], None], *, wake: Callable[[str], None] = lambda _chat_id: None
) -> bool:
    """Call `act` once while holding the chat's turn, and `wake` if a note asks for more.

    Returns and raises what `take_turns` does.
    """
    turn = Turn(chat_id)
    if not turn.try_take():
        return False
    try:
        with heartbeat.every(settings.TURN_LEASE_S / RENEWALS_PER_LEASE, turn.renew):
            act(turn)
    finally:
        if _give_back(turn):
            wake(chat_id)
    return True


def _give_back(turn: Turn) -> bool:
    try:
        return turn.give_back()
    except RedisError as error:
        log.warning(
            "turn not given back, its lease will run out", chat_id=turn.chat_id, error=type(error).__name__
        )
        return False
