"""A lane at work: what it does when Telegram, or one person's chat, does not take a copy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import psutil
import pytest
import requests
from django.db.models import F

from botgateway.delivery.broadcasts import BUSY_PAUSE_S, LONGEST_PAUSE_S, send_slice
from botgateway.delivery.notices import PAUSE_S
from botgateway.delivery.telegram import telegram_client
from botgateway.domain import broadcasts
from botgateway.domain.broadcasts import LANES
from botgateway.domain.turns import Turn, take_turns
from botgateway.models import Broadcast, Notice, Person
from redis_connection import redis_client
from tests.harness.processes import PATIENCE_S, paused, wait_until
from tests.sandbox.server import TOKEN, Sandbox, start_sandbox

pytestmark = pytest.mark.django_db

LANE = 0
_ids = (number for number in count(700_000) if crc32(str(number).encode()) % LANES == LANE)


@pytest.fixture(scope="module")
def telegram(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with requests.Session() as http:
        http.trust_env = False
        directory = str(tmp_path_factory.mktemp("sandbox"))
        sandbox = start_sandbox("--data-dir", directory, "--no-limits", http=http)
        yield sandbox
        sandbox.stop()
        sandbox.process.stdout.close()


@pytest.fixture(autouse=True)
def _house(settings: Any, telegram: Sandbox) -> Iterator[None]:
    settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = telegram.root, TOKEN
    settings.TELEGRAM_RATE_PER_S, settings.TELEGRAM_CHAT_RATE_PER_S = 10_000.0, 1_000.0
    settings.ACCESS_POLICY, settings.ADMIN_CHAT_IDS = "approval", []
    redis_client().flushdb()
    telegram_client.cache_clear()
    yield
    telegram_client.cache_clear()
    telegram.delete("faults")


def begin(telegram: Sandbox, *, people: int, text: str = "Дом закрыт") -> list[str]:
    """Begin a broadcast to new people, all of one lane; return their chats."""
    chats = [str(next(_ids)) for _ in range(people)]
    for chat in chats:
        telegram.post(f"chats/{chat}/block", {"blocked": False})
        Person.objects.create(user_id=chat, chat_id=chat, access_state="approved")
    broadcast = Broadcast.objects.create(text=text, created_by="boss")
    assert broadcasts.start(str(broadcast.pk), text=text)
    while broadcasts.go_on(str(broadcast.pk)):
        pass
    return chats


def send(woken: list[str] | None = None) -> float | None:
    pauses: list[float | None] = []
    wake = [] if woken is None else woken
    take_turns("lane", lambda turn: pauses.append(send_slice(LANE, turn, wake=wake.append)))
    return pauses[0]


def let_pass(seconds: float) -> None:
    Notice.objects.update(due_at=F("due_at") - timedelta(seconds=seconds))


def read_copies(telegram: Sandbox, chats: list[str]) -> dict[str, int]:
    return {chat: len(telegram.messages(int(chat))) for chat in chats}


def read_attempts() -> dict[str, tuple[str, int]]:
    return {
        chat: (status, tries)
        for chat, status, tries in Notice.objects.values_list("chat_id", "status", "attempts")
    }


def list_connections(telegram: Sandbox) -> set[Any]:
    """Return our ends of the connections to it."""
    port = urlsplit(telegram.root).port
    every = psutil.Process().net_connections("tcp")
    return {
        one.laddr for one in every if one.raddr and one.raddr.port == port and one.status == "ESTABLISHED"
    }


def test_a_long_text_arrives_whole_and_in_order_and_the_broadcast_is_over(telegram: Sandbox) -> None:
    text = " ".join(f"слово{number}" for number in range(900))
    chats = begin(telegram, people=2, text=text)

    assert send() is None

    for chat in chats:
        parts = [message["text"] for message in telegram.messages(int(chat))]
        assert (len(parts), " ".join(parts).split()) == (2, text.split())
    assert Broadcast.objects.get().status == "done"


def test_a_worker_that_slept_while_another_delivered_sends_nothing_more(
    telegram: Sandbox, settings: Any
) -> None:
    settings.TURN_LEASE_S = 0.3
    (chat,) = begin(telegram, people=1, text=" ".join(f"слово{number}" for number in range(900)))

    with ThreadPoolExecutor(1) as threads:
        with paused(telegram.process):
            before = list_connections(telegram)
            sending = threads.submit(send)
            wait_until(lambda: list_connections(telegram) - before, what="the first of two parts on its way")
            Notice.objects.update(status="sent")
            redis_client().delete(f"turn:{chat}")
            for _ in range(2):  # the renewal that finds the turn gone is over when there has been another
                wait_until(lambda: redis_client().persist(f"turn:{chat}"), what="the turn taken anew")
        assert sending.result(PATIENCE_S) == PAUSE_S

    assert read_copies(telegram, [chat]) == {chat: 1}


def test_an_outage_is_sat_out_with_the_copy_it_met_and_costs_no_attempt(telegram: Sandbox) -> None:
    chats = begin(telegram, people=3)
    telegram.post("faults", {"kind": "error", "status": 502, "times": 1_000})

    for _ in range(2):
        assert send() == PAUSE_S
        waiting = send()
        assert waiting is not None
        assert 0 < waiting <= PAUSE_S  # nothing is sent before the one of unknown fate
        let_pass(PAUSE_S)
    assert sorted(read_attempts().values()) == [("pending", 0), ("pending", 0), ("pending", 1)]

    telegram.delete("faults")
    assert send() is None
    assert read_copies(telegram, chats) == dict.fromkeys(chats, 1)


def test_trouble_of_one_chat_counts_and_others_do_not_wait_for_it_for_ever(
    telegram: Sandbox,
) -> None:
    chats = begin(telegram, people=3)
    telegram.post(
        "faults",
        {"kind": "error", "status": 500, "method": "sendMessage", "times": 1_000, "chat_id": int(chats[0])},
    )

    while (chats[0], ("pending", 2)) not in read_attempts().items():
        assert send() == PAUSE_S
        let_pass(PAUSE_S)
    Notice.objects.filter(chat_id=chats[0]).update(attempts=5)

    assert send() is None
    assert read_attempts()[chats[0]][0] == "failed"
    assert read_copies(telegram, chats) == {chats[0]: 0, chats[1]: 1, chats[2]: 1}


def test_one_chats_refusal_puts_its_copy_off_alone(telegram: Sandbox) -> None:
    chats = begin(telegram, people=3)
    telegram.post(
        "faults", {"kind": "error", "method": "sendMessage", "chat_id": int(chats[1]), "retry_after": 30}
    )

    refused_now, waiting = send(), send()

    assert refused_now == LONGEST_PAUSE_S
    assert waiting is not None
    assert LONGEST_PAUSE_S < waiting <= 30
    assert read_copies(telegram, chats) == {chats[0]: 1, chats[1]: 0, chats[2]: 1}
    assert read_attempts()[chats[1]] == ("pending", 0)


def test_who_is_being_answered_gets_the_copy_later_and_a_note_is_passed_on(telegram: Sandbox) -> None:
    busy, free = begin(telegram, people=2)
    turn = Turn(busy)
    assert turn.try_take()

    pause_s = send()
    assert pause_s is not None
    assert 0 < pause_s <= BUSY_PAUSE_S
    assert read_copies(telegram, [busy, free]) == {busy: 0, free: 1}

    turn.give_back()
    let_pass(BUSY_PAUSE_S)
    redis_client().set(f"turn-note:{busy}", 1)  # somebody has asked for something meanwhile
    woken: list[str] = []
    assert send(woken) is None
    assert woken == [busy]
    assert read_copies(telegram, [busy, free]) == {busy: 1, free: 1}


def test_who_has_lost_access_meanwhile_and_what_was_cancelled_is_left_out(telegram: Sandbox) -> None:
    chats = begin(telegram, people=3)
    Person.objects.filter(user_id=chats[0]).update(access_state="blocked")

    assert send() is None
    assert read_copies(telegram, chats) == {chats[0]: 0, chats[1]: 1, chats[2]: 1}
    assert Broadcast.objects.get().left_out == 1

    Broadcast.objects.all().delete()
    others = begin(telegram, people=1)
    assert broadcasts.cancel(str(Broadcast.objects.get().pk))
    assert send() is None
    assert read_copies(telegram, others) == {others[0]: 0}
