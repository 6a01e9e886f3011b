"""Calls to the workers of a lane: one at a time, and none so late that other work waits."""

from __future__ import annotations

from typing import Any

import pytest

from botgateway.broadcast_tasks import LONGEST_WAIT_S, send_broadcasts
from botgateway.domain import broadcast_lanes
from botgateway.domain.broadcast_lanes import CALL_TTL_S
from botgateway.models import Notice
from redis_connection import redis_client
from tests.botgateway.test_broadcasts import add_people, begin, file_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _house(settings: Any) -> None:
    settings.ACCESS_POLICY, settings.ADMIN_CHAT_IDS = "approval", []
    redis_client().flushdb()


def test_a_lane_is_called_once_until_the_call_has_arrived() -> None:
    assert broadcast_lanes.is_call_due(0, delay_s=5)
    assert not broadcast_lanes.is_call_due(0, delay_s=0)
    assert broadcast_lanes.is_call_due(1, delay_s=0)
    broadcast_lanes.note_call(0)
    assert broadcast_lanes.is_call_due(0, delay_s=0)
    assert all(redis_client().pttl(key) > 0 for key in redis_client().keys("broadcast-call:*"))


def test_a_lane_that_waits_for_one_person_looks_for_other_work_soon() -> None:
    add_people(1)
    file_all(begin())
    broadcast_lanes.put_off(Notice.objects.get(), pause_s=3_600)
    lane = Notice.objects.get().lane

    send_broadcasts(lane)

    wait_ms = redis_client().pttl(f"broadcast-call:{lane}")
    assert 0 < wait_ms <= (LONGEST_WAIT_S + CALL_TTL_S) * 1_000
