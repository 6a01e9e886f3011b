"""Time passes in these tests by moving what Redis holds into the past: no test waits."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from botgateway.delivery import pace
from botgateway.delivery.pace import (
    Place,
    find_waiting,
    note_refusal,
    take_free_place,
    take_place,
    take_spare_place,
)
from redis_connection import redis_client

STEP_S = 100.0  # between two calls, so long that the real clock does not matter
SOON_S = STEP_S / 10
GROUP = -100
MOMENTS = "pace:[^r]*"  # all but the set of refused chats


@pytest.fixture(autouse=True)
def _slow_chats(settings: Any) -> Iterator[None]:
    """One call every hundred seconds in a chat, as many as you like overall."""
    redis_client().flushdb()
    settings.TELEGRAM_CHAT_RATE_PER_S = 1 / STEP_S
    settings.TELEGRAM_RATE_PER_S = 1_000_000.0
    yield
    redis_client().flushdb()  # of places that are spoken for hours ahead


def limit_overall(settings: Any) -> None:
    settings.TELEGRAM_CHAT_RATE_PER_S = 1_000_000.0
    settings.TELEGRAM_RATE_PER_S = 1 / STEP_S


def let_pass(seconds: float) -> None:
    redis = redis_client()
    for key in redis.keys(MOMENTS):
        if not (value := redis.get(key)):  # gone since
            continue
        letter = value[0] if value[0].isalpha() else ""
        moment = float(value.removeprefix(letter)) - seconds * pace.US
        redis.set(key, f"{letter}{moment:.0f}", keepttl=True)


def waits(places: Iterable[Place]) -> list[float]:
    """In how many steps each may call: 0 for one that may do so now."""
    return [round(place.wait_s / STEP_S, 1) for place in places]


def test_a_chat_may_burst_and_then_waits_its_limit() -> None:
    places = [take_place(7) for _ in range(pace.CHAT_BURST + 1)]

    assert [place.is_taken for place in places] == [True] * pace.CHAT_BURST + [False]
    assert waits(places) == [0.0] * pace.CHAT_BURST + [1.0]
    assert take_place(8).is_taken


def test_whoever_comes_back_finds_the_place_that_was_kept() -> None:
    for _ in range(pace.CHAT_BURST + 1):
        take_place(7)

    let_pass(STEP_S / 2)
    assert waits([take_place(7), take_place(7)]) == [0.5, 0.5]
    let_pass(STEP_S / 2)

    assert waits([take_place(7), take_place(7)]) == [0.0, 1.0]


def test_a_group_gets_its_own_slower_pace() -> None:
    places = [take_place(GROUP) for _ in range(pace.GROUP_BURST + 1)]

    assert [place.is_taken for place in places] == [True] * pace.GROUP_BURST + [False]
    assert waits(places)[-1] == round(1 / pace.GROUP_SHARE, 1)


def test_chats_share_the_overall_limit_in_the_order_in_which_they_came(settings: Any) -> None:
    limit_overall(settings)

    first = waits(take_place(chat) for chat in range(1, 7))
    # A place is there so long before its moment, and two seconds after.
    let_pass(2 * STEP_S - pace.LONGEST_SLEEP_S)

    assert first == [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]
    assert waits([take_place(7), take_place(4), take_place(6), take_place(5)]) == [3.0, 0.0, 2.0, 1.0]


def test_a_chat_that_waits_for_itself_holds_up_nobody(settings: Any) -> None:
    settings.TELEGRAM_RATE_PER_S = 1 / STEP_S
    settings.TELEGRAM_CHAT_RATE_PER_S = 1 / (10 * STEP_S)
    for _ in range(pace.CHAT_BURST):
        take_place(7)
        let_pass(STEP_S)

    assert waits([take_place(7)]) == [6.0]
    assert waits([take_place(8), take_place(9), take_place(10)]) == [0.0, 0.0, 1.0]


def test_a_place_that_nobody_took_is_not_made_up_for_by_a_flood(settings: Any) -> None:
    limit_overall(settings)
    for chat in range(1, 6):
        take_place(chat)

    let_pass(20 * STEP_S)

    assert waits(take_place(chat) for chat in range(3, 6)) == [0.0, 0.0, 1.0]


def test_a_draft_leaves_a_place_for_what_has_to_go_out(settings: Any) -> None:
    drafts = [take_free_place(7) for _ in range(pace.CHAT_BURST)]

    assert [draft.is_taken for draft in drafts] == [True] * (pace.CHAT_BURST - 1) + [False]
    assert take_place(7).is_taken

    limit_overall(settings)
    assert [take_free_place(8).is_taken, take_free_place(9).is_taken, take_place(9).is_taken] == [
        True,
        False,
        True,
    ]


def test_a_draft_keeps_no_place() -> None:
    for _ in range(10):
        take_free_place(7)

    assert find_waiting(["7"]) == set()
    assert waits([take_place(7), take_place(7)]) == [0.0, 1.0]


def test_what_goes_to_many_leaves_the_whole_burst_to_answers_and_drafts(settings: Any) -> None:
    limit_overall(settings)

    spare = [take_spare_place(chat) for chat in (7, 8)]

    assert [place.is_taken for place in spare] == [True, False]
    assert waits([take_place(9)]) == [0.0]
    let_pass(STEP_S)  # one call is still spoken for
    assert waits([take_spare_place(8), take_place(9)]) == [1.0, 0.0]
    assert find_waiting(["7", "8", "9"]) == set()


def test_what_goes_to_many_gets_its_share_of_the_rate_and_no_more(settings: Any) -> None:
    limit_overall(settings)
    taken = 0

    for chat in range(100, 200):
        let_pass(STEP_S / 2)
        taken += take_spare_place(chat).is_taken

    assert taken == pytest.approx(50 * pace.SPARE_SHARE, abs=2)


def test_what_goes_to_many_leaves_its_person_a_place_and_keeps_to_a_refusal() -> None:
    taken = [take_spare_place(7).is_taken for _ in range(pace.CHAT_BURST)]

    assert taken == [True] * (pace.CHAT_BURST - 1) + [False]
    assert take_place(7).is_taken
    note_refusal(8, 5 * STEP_S)
    assert waits([take_spare_place(8)]) == [7.0]


def test_nobody_calls_for_a_chat_before_retry_after_is_over() -> None:
    note_refusal(7, 5 * STEP_S)

    assert waits([take_free_place(7), take_place(7), take_place(8)]) == [7.0, 5.0, 0.0]
    let_pass(5 * STEP_S)

    assert waits([take_place(7), take_place(7)]) == [0.0, 1.0]


def test_a_place_kept_before_a_refusal_moves_behind_it() -> None:
    for _ in range(pace.CHAT_BURST + 1):
        take_place(7)

    note_refusal(7, 5 * STEP_S)

    assert waits([take_place(7)]) == [5.0]


def test_refusals_in_several_chats_stop_everybody(settings: Any) -> None:
    limit_overall(settings)
    for chat in (20, 21, 22):
        take_place(chat)
    for chat in (7, 7, 7, 8):
        note_refusal(chat, 5 * STEP_S)
    assert waits([take_place(22)]) == [1.0]

    note_refusal(9, 5 * STEP_S)

    # Even a place that had been kept: it comes behind the pause, in the order of arrival.
    assert waits([take_place(22), take_place(23), take_free_place(24)])[:2] == [5.0, 5.0]
    assert not take_free_place(24).is_taken


def test_the_chats_that_wait_are_known() -> None:
    for chat in (7, 8, GROUP):
        for _ in range(pace.CHAT_BURST if chat == 8 else pace.CHAT_BURST + 1):
            take_place(chat)

    assert find_waiting(["7", "8", "9", str(GROUP)]) == {"7", str(GROUP)}
    assert find_waiting([]) == set()


def test_everything_in_redis_goes_by_itself() -> None:
    for _ in range(pace.CHAT_BURST + 1):
        take_place(7)
    for chat in (7, 8, 9):
        note_refusal(chat, 5 * STEP_S)

    keys = redis_client().keys("pace:*")

    assert len(keys) >= 9
    assert all(redis_client().ttl(key) > 0 for key in keys)


def conforms(sent_at: list[float], *, burst: int) -> bool:
    """Tell whether the moments keep to one call a step after a burst."""
    spoken_for = 0.0
    for moment in sorted(sent_at):
        if spoken_for - (burst - 1) * STEP_S > moment + SOON_S:
            return False
        spoken_for = max(spoken_for, moment) + STEP_S
    return True


@hypothesis_settings(max_examples=25, deadline=None)
@given(arrivals=st.lists(st.tuples(st.integers(1, 4), st.floats(0, 3 * STEP_S)), min_size=1, max_size=12))
def test_whatever_comes_both_limits_hold_and_everything_is_sent(
    arrivals: list[tuple[int, float]],
) -> None:
    redis_client().flushdb()
    with override_settings(TELEGRAM_RATE_PER_S=1 / STEP_S, TELEGRAM_CHAT_RATE_PER_S=1 / STEP_S):
        sent = send_all(arrivals)

    assert sorted(chat for chat, _ in sent) == sorted(chat for chat, _ in arrivals)
    assert conforms([moment for _, moment in sent], burst=pace.LEAST_BURST)
    for chat in range(1, 5):
        assert conforms([moment for theirs, moment in sent if theirs == chat], burst=pace.CHAT_BURST)


def send_all(arrivals: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Let every message come back for its place until it has it; return chats and moments of the calls."""
    order = count()
    due = [(moment, next(order), chat) for chat, moment in arrivals]
    heapq.heapify(due)
    now, sent = 0.0, []
    while due:
        moment, _, chat = heapq.heappop(due)
        let_pass(max(moment - now, 0.0))
        now = max(moment, now)
        place = take_place(chat)
        if place.is_taken:
            sent.append((chat, now))
        else:
            heapq.heappush(due, (now + place.wait_s + 0.001, next(order), chat))
    return sent
