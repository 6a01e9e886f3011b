"""Celery's part of broadcasts: their notices are filed, and sent by lanes, in slices that leave workers to others.

Digests that are due to subscribers become broadcasts.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone
from redis.exceptions import RedisError

from botgateway.calls import call
from botgateway.delivery.broadcasts import send_slice
from botgateway.delivery.notices import PAUSE_S
from botgateway.domain import broadcast_lanes, broadcasts, digest_delivery, turns
from botgateway.domain.broadcasts import LANES
from botgateway.domain.turns import Turn
from botgateway.errors import OUTAGES, TurnLost

log = structlog.get_logger(__name__)

QUEUE = "background"
BATCHES_AT_ONCE = 10
# A lane waits no longer for one person, whom Telegram may put off for hours: another broadcast may have begun.
LONGEST_WAIT_S = 30.0


@shared_task(name="botgateway.file_broadcast")
def file_broadcast(broadcast_id: str) -> None:
    """File a broadcast's notices or call them off, unless another worker is at it. May be called freely."""

    def go_on(turn: Turn) -> None:
        for _ in range(BATCHES_AT_ONCE):
            turn.ensure_held()
            if not broadcasts.go_on(broadcast_id):
                return
            wake_lanes()
        call(file_broadcast.name, broadcast_id, queue=QUEUE)  # it leaves a note at least

    try:
        turns.take_turns(f"broadcast:{broadcast_id}", go_on)
    except (TurnLost, *OUTAGES) as error:
        log.warning("broadcast not filed yet", broadcast=broadcast_id, error=type(error).__name__)
    wake_lanes()


@shared_task(name="botgateway.send_broadcasts")
def send_broadcasts(lane: int) -> None:
    """Send what waits in a lane for some seconds, unless another worker is at it, and call the next worker."""
    pauses: list[float | None] = []
    try:
        broadcast_lanes.note_call(lane)
        turns.take_turns(
            f"broadcast-lane:{lane}", lambda turn: pauses.append(send_slice(lane, turn, wake=_wake_chat))
        )
    except (TurnLost, *OUTAGES) as error:
        log.warning("broadcasts postponed", lane=lane, error=type(error).__name__)
        pauses = [PAUSE_S]
    if pauses and pauses[-1] is not None:
        _wake_lane(lane, delay_s=min(pauses[-1], LONGEST_WAIT_S))


@shared_task(name="botgateway.deliver_digests")
def deliver_digests() -> None:
    """Begin the delivery of every digest that is due, unless another worker is at it. May be called freely."""

    def begin(turn: Turn) -> None:
        for broadcast_id in digest_delivery.begin_due(timezone.now()):
            wake_broadcast(broadcast_id)

    try:
        turns.take_turns("digest-deliveries", begin)
    except (TurnLost, *OUTAGES) as error:
        log.warning("digests not delivered yet", error=type(error).__name__)


@worker_ready.connect
def forget_lost_calls(**_: Any) -> None:
    """Let the first sweep call the lanes, whatever calls were on their way to a worker that was killed."""
    try:
        broadcast_lanes.forget_calls()
    except RedisError as error:
        log.warning("lost calls not forgotten", error=type(error).__name__)


def wake_broadcast(broadcast_id: str) -> None:
    """Have a broadcast filed that was started, or called off that was cancelled."""
    call(file_broadcast.name, broadcast_id, queue=QUEUE)


def wake_broadcasts() -> None:
    """Have everything done that is left to do of broadcasts."""
    for broadcast_id in broadcasts.list_unfinished():
        wake_broadcast(broadcast_id)
    if broadcasts.is_any_running():
        wake_lanes()


def wake_lanes() -> None:
    for lane in range(LANES):
        _wake_lane(lane)


def _wake_lane(lane: int, *, delay_s: float = 0.0) -> None:
    try:
        is_due = broadcast_lanes.is_call_due(lane, delay_s=delay_s)
    except RedisError:
        return  # the broker is away as well
    if is_due:
        call(send_broadcasts.name, lane, queue=QUEUE, countdown=delay_s or None)


def _wake_chat(chat_id: str) -> None:
    """Pass on what somebody asked for while a copy was on its way: an answer, or other notices."""
    call("botgateway.answer_chat", chat_id)
    call("botgateway.deliver_notices", chat_id, queue="replies")
