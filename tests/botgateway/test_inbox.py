from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain import inbox
from botgateway.enums import UpdateStatus
from botgateway.models import InboxUpdate
from tests.botgateway.test_updates import build_update

pytestmark = pytest.mark.django_db


def accept(update_id: int, **message: Any) -> inbox.Acceptance:
    update = {**build_update(**message), "update_id": update_id}
    return inbox.accept_update(update, payload=json.dumps(update))


def test_an_update_is_stored_as_it_came() -> None:
    assert accept(5) == inbox.Acceptance(is_new=True, chat_id="42")

    stored = InboxUpdate.objects.get()
    assert (stored.update_id, stored.kind, stored.chat_id, stored.status) == (5, "message", "42", "pending")
    assert json.loads(stored.payload)["message"]["text"] == "Добрый день"
    assert len(stored.trace_id) == 32


def test_a_redelivered_update_changes_nothing() -> None:
    accept(5)
    inbox.mark_answered(InboxUpdate.objects.get(), [8])

    assert accept(5) == inbox.Acceptance(is_new=False, chat_id="42")
    assert InboxUpdate.objects.get().status == UpdateStatus.ANSWERED


def test_concurrent_deliveries_store_one_update() -> None:
    with ThreadPoolExecutor(16) as threads:
        acceptances = list(threads.map(lambda _: accept(5), range(16)))

    assert sum(acceptance.is_new for acceptance in acceptances) == 1
    assert InboxUpdate.objects.count() == 1


def test_an_unknown_kind_is_stored_and_left_alone() -> None:
    update = {"update_id": 5, "telepathy": {"from": 42}}

    assert inbox.accept_update(update, payload=json.dumps(update)).chat_id == ""

    stored = InboxUpdate.objects.get()
    assert (stored.kind, stored.status) == ("unknown", UpdateStatus.IGNORED)


def test_updates_are_answered_in_order_of_arrival_whatever_their_numbers() -> None:
    for update_id in (1000, 1001, 3, 4):
        accept(update_id)

    assert [update.update_id for update in inbox.list_pending("42")] == [1000, 1001, 3, 4]


def test_only_the_chats_own_pending_updates_are_listed() -> None:
    accept(1)
    accept(2, chat={"id": 43, "type": "private"})
    accept(3)
    inbox.mark_answered(InboxUpdate.objects.get(update_id=1), [8])

    assert [update.update_id for update in inbox.list_pending("42")] == [3]


def test_the_messages_of_an_answer_are_kept() -> None:
    accept(1)
    update = InboxUpdate.objects.get()

    inbox.record_answer_messages(update, [8])
    assert inbox.list_pending("42")[0].answer_message_ids == [8]

    inbox.mark_answered(update, [8, 9])
    assert InboxUpdate.objects.get().answer_message_ids == [8, 9]
    assert inbox.find_last_answer_id("42") == 9
    assert inbox.find_last_answer_id("43") == 0


def test_three_failed_attempts_are_enough() -> None:
    accept(1)
    update = inbox.list_pending("42")[0]

    for _ in range(inbox.MAX_ATTEMPTS):
        inbox.count_failed_attempt(update)
    inbox.park_update(update)

    assert inbox.list_pending("42") == []
    assert (InboxUpdate.objects.get().attempts, InboxUpdate.objects.get().status) == (3, UpdateStatus.PARKED)


def test_chats_that_wait_too_long_are_found() -> None:
    for update_id, chat_id in ((1, 42), (2, 42), (3, 43), (4, 44)):
        accept(update_id, chat={"id": chat_id, "type": "private"})
    long_ago = timezone.now() - timedelta(minutes=1)
    InboxUpdate.objects.filter(update_id__in=[1, 2, 3]).update(received_at=long_ago)
    InboxUpdate.objects.filter(update_id=3).update(status=UpdateStatus.ANSWERED)

    assert inbox.list_overdue_chats() == ["42"]


def test_after_an_outage_chats_are_handed_over_some_at_a_time_those_that_wait_longest_first() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    chats = [*range(inbox.OVERDUE_CHATS, -5, -1), *[inbox.OVERDUE_CHATS] * 3]
    InboxUpdate.objects.bulk_create(
        [
            InboxUpdate(
                update_id=number,
                kind="message",
                chat_id=str(chat),
                received_at=long_ago + timedelta(seconds=number),
                trace_id="t",
            )
            for number, chat in enumerate(chats)
        ]
    )

    assert inbox.list_overdue_chats() == [str(chat) for chat in range(inbox.OVERDUE_CHATS, 0, -1)]


def test_a_supergroup_has_message_numbers_of_its_own() -> None:
    since = timezone.now()
    for chat_id, message_id in (("42", 900), ("-77", 950), ("-1001", 12), ("-1002", 5_000)):
        InboxUpdate.objects.create(
            update_id=message_id, kind="message", chat_id=chat_id, message_id=message_id, trace_id="t"
        )

    assert inbox.find_latest_message_id("43", since=since) == 950
    assert inbox.find_latest_message_id("-1001", since=since) == 12
    assert inbox.find_latest_message_id("-1003", since=since) == 0
