"""Copies of broadcasts on their way: each under the turn of its chat, in places that nobody else needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from botgateway.delivery import pace
from botgateway.delivery.answer import Answer
from botgateway.delivery.notices import PAUSE_S, SHORTEST_PAUSE_S
from botgateway.delivery.pace import LONGEST_SLEEP_S, Place
from botgateway.delivery.telegram import telegram_client
from botgateway.domain import broadcast_lanes, broadcasts, notices, turns
from botgateway.domain.broadcast_lanes import Work
from botgateway.domain.broadcasts import WriteCopy
from botgateway.domain.turns import Turn
from botgateway.errors import SendLater, TelegramError, TurnLost
from botgateway.models import Broadcast, Notice

log = structlog.get_logger(__name__)

SLICE_S = 5.0  # for which a lane holds a worker's thread
LONGEST_WAIT_S = 1.0  # for a place, in that thread
LONGEST_PAUSE_S = 1.0  # because of one chat: in the others there is something to do
BUSY_PAUSE_S = 5.0  # while its person is being answered


def send_slice(lane: int, turn: Turn, *, wake: Callable[[str], None]) -> float | None:
    """Send what waits in a lane whose turn is held, for `SLICE_S` at most.

    Returns in how many seconds to go on, None if nothing waits. `wake` is called with a chat in which somebody asked
    for something meanwhile. Raises `TurnLost`.
    """
    ends_at = time.monotonic() + SLICE_S
    newest_id = 0
    while True:
        work = broadcast_lanes.find_work(lane)
        if work.broadcast is None or not work.notices:
            return work.pause_s
        newest_id = max(newest_id, broadcast_lanes.find_newest_known(lane, work.broadcast))
        write = broadcasts.open_copies(work.broadcast)
        batch = _Batch(work.broadcast, turn, wake, newest_id, write)
        pause_s = batch.send(work, ends_at=ends_at)
        if pause_s or time.monotonic() > ends_at:
            return pause_s
        newest_id = batch.newest_id


@dataclass(slots=True)
class _Batch:
    """`newest_id` is that of the newest message known: what is sent next is newer."""

    broadcast: Broadcast
    lane_turn: Turn
    wake: Callable[[str], None]
    newest_id: int
    write: WriteCopy

    def send(self, work: Work, *, ends_at: float) -> float:
        """Send a lane's notices until something stands in the way; return how long to wait for it."""
        for notice in work.notices:
            self.lane_turn.ensure_held()
            if time.monotonic() > ends_at or not broadcasts.is_running(self.broadcast):
                break
            if pause_s := self._send_one(notice):
                return pause_s
        return 0.0

    def _send_one(self, notice: Notice) -> float:
        if broadcast_lanes.leave_out_unless_admitted(notice):
            return 0.0
        pauses: list[float] = []
        is_free = turns.take_one_turn(
            notice.chat_id, lambda turn: pauses.append(self._deliver(notice, turn)), wake=self.wake
        )
        if not is_free:
            broadcast_lanes.put_off(notice, pause_s=BUSY_PAUSE_S)
            return 0.0
        return pauses[0]

    def _deliver(self, notice: Notice, turn: Turn) -> float:
        answer = self._open_answer(notice, turn)
        if not notice.attempts:
            notice.known_message_id = self.newest_id
        if not notices.begin_delivery(notice):
            return 0.0
        try:
            message_ids = answer.deliver(*self.write(notice))
        except TurnLost:
            log.warning("turn lost, a copy left to the next worker", chat_id=notice.chat_id)
            return PAUSE_S
        except TelegramError as error:
            return _postpone_or_give_up(notice, error)
        notices.mark_sent(notice, message_ids)
        self.newest_id = max([self.newest_id, *message_ids])
        return 0.0

    def _open_answer(self, notice: Notice, turn: Turn) -> Answer:
        return Answer(
            telegram_client(),
            int(notice.chat_id),
            record=lambda message_ids: notices.record_messages(notice, message_ids),
            find_newest_id=lambda: broadcast_lanes.find_known_before(notice),
            find_latest_id=lambda: broadcast_lanes.find_latest_known(notice, self.broadcast),
            shown_ids=notice.message_ids,
            is_repeated=notice.attempts > 0,
            before_sending=partial(turn.ensure_held, is_undone=partial(notices.is_waiting, notice)),
            take_place=wait_for_spare_place,
        )


def wait_for_spare_place(chat_id: int) -> Place:
    """Take a place that nobody else needs, as soon as there is one, or tell when to ask again.

    Raises `redis.RedisError`.
    """
    give_up_at = time.monotonic() + LONGEST_WAIT_S
    while True:
        place = pace.take_spare_place(chat_id)
        is_soon = place.wait_s <= LONGEST_SLEEP_S and time.monotonic() < give_up_at
        if place.is_taken or not is_soon:
            return place
        time.sleep(place.wait_s)


def _postpone_or_give_up(notice: Notice, error: TelegramError) -> float:
    """Return how long the lane is to wait. Who cannot be reached now has left, which no later attempt mends."""
    if not error.is_transient:
        notices.give_up(notice, reason=type(error).__name__)
        return 0.0
    if isinstance(error, SendLater):
        pause_s = max(error.delay_s, SHORTEST_PAUSE_S)
        notices.postpone(notice, pause_s=pause_s, may_be_sent=error.may_be_sent)
        return min(pause_s, LONGEST_PAUSE_S)
    log.warning("copy postponed", notice=str(notice.pk), error=type(error).__name__)
    notices.postpone(notice, pause_s=PAUSE_S, may_be_sent=True, is_counted=_is_telegram_up())
    return PAUSE_S


def _is_telegram_up() -> bool:
    """Tell an outage, which is sat out, from one person's message that comes to nothing each time."""
    try:
        telegram_client().get_webhook_info()
    except TelegramError:
        return False
    return True
