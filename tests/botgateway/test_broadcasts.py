"""Broadcasts by the database: who gets one, once, and what is left to do after a crash or a change of mind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain import broadcast_lanes, broadcasts, notices
from botgateway.domain.broadcast_lanes import find_work
from botgateway.domain.broadcasts import BATCH_PEOPLE, LANES, Progress
from botgateway.domain.erasure import forget_person
from botgateway.enums import AccessState, BroadcastStatus, NoticeStatus
from botgateway.models import AccessDecision, Broadcast, InboxUpdate, Notice, Person
from tests.botgateway.test_erasure import accept, build_press

pytestmark = pytest.mark.django_db

TEXT = "Дом **закрыт** в среду."
FORGOTTEN = "434343"


@pytest.fixture(autouse=True)
def _approval(settings: Any) -> None:
    settings.ACCESS_POLICY, settings.ADMIN_CHAT_IDS = "approval", []
    settings.TURN_LEASE_S = 600.0  # what is under way stays so for as long as a test


def add_people(count: int, *, first: int = 1, state: AccessState = AccessState.APPROVED) -> list[str]:
    ids = [str(number) for number in range(first, first + count)]
    Person.objects.bulk_create(
        [Person(user_id=user_id, chat_id=user_id, access_state=state) for user_id in ids]
    )
    return ids


def begin(text: str = TEXT) -> Broadcast:
    broadcast = Broadcast.objects.create(text=text, created_by="boss")
    assert broadcasts.start(str(broadcast.pk), text=text)
    return reread(broadcast)


def reread(broadcast: Broadcast) -> Broadcast:
    return Broadcast.objects.get(pk=broadcast.pk)


def file_all(broadcast: Broadcast) -> None:
    while broadcasts.go_on(str(broadcast.pk)):
        pass


def list_waiting() -> list[Notice]:
    return [notice for lane in range(LANES) for notice in find_work(lane).notices]


def send_all() -> None:
    """Let every lane do what is left to do, and see that nothing is."""
    for number, notice in enumerate(list_waiting()):
        assert notices.begin_delivery(notice)
        notices.mark_sent(notice, [number])
    for lane in range(LANES):
        find_work(lane)


def test_everybody_who_has_access_gets_one_copy_though_filing_is_killed_and_repeated() -> None:
    admitted = add_people(BATCH_PEOPLE + 10)
    add_people(1, first=9_001, state=AccessState.PENDING)
    add_people(1, first=9_002, state=AccessState.BLOCKED)
    Person.objects.create(user_id="9003", access_state=AccessState.APPROVED)  # met in groups alone
    broadcast = begin()

    assert broadcasts.go_on(str(broadcast.pk))
    Broadcast.objects.filter(pk=broadcast.pk).update(filed=0, filed_until="")  # killed before this was noted
    file_all(broadcast)

    assert sorted(Notice.objects.values_list("chat_id", flat=True)) == sorted(admitted)
    assert set(Notice.objects.values_list("lane", flat=True)) == set(range(LANES))
    assert (reread(broadcast).status, reread(broadcast).filed) == (BroadcastStatus.SENDING, len(admitted))
    assert broadcasts.list_unfinished() == []


def test_who_may_be_written_to_follows_the_policy(settings: Any) -> None:
    for first, state in enumerate(AccessState):
        add_people(1, first=first, state=state)
    blocked = str(list(AccessState).index(AccessState.BLOCKED))

    assert broadcasts.count_people() == 1
    settings.ACCESS_POLICY = "open"
    assert broadcasts.count_people() == len(AccessState) - 1
    settings.ADMIN_CHAT_IDS = [int(blocked)]
    assert broadcasts.count_people() == len(AccessState)


def test_a_draft_is_started_once_and_only_as_it_was_seen() -> None:
    draft = Broadcast.objects.create(text=TEXT, created_by="boss")
    key = str(draft.pk)

    assert not broadcasts.start(key, text="как было до правки")
    with ThreadPoolExecutor(4) as threads:
        started = list(threads.map(lambda _: broadcasts.start(key, text=TEXT), range(8)))

    assert sum(started) == 1
    assert not broadcasts.revise_draft(key, "поздно")
    assert reread(draft).text == TEXT


def test_one_that_is_sent_is_done_and_remembers_its_figures_when_notices_are_gone() -> None:
    add_people(7)
    broadcast = begin()
    file_all(broadcast)
    refused, left, *_ = list_waiting()
    notices.give_up(refused, reason="ChatUnreachable")
    Person.objects.filter(user_id=left.about_user_id).update(access_state=AccessState.BLOCKED)
    assert broadcast_lanes.leave_out_unless_admitted(left)

    before = broadcasts.read_progress(reread(broadcast))
    send_all()
    Notice.objects.all().delete()

    assert (before.waiting, before.failed, before.left_out) == (5, 1, 1)
    finished = reread(broadcast)
    assert (finished.status, finished.finished_at is None) == (BroadcastStatus.DONE, False)
    assert broadcasts.read_progress(finished) == Progress(filed=7, sent=5, failed=1, left_out=1)
    assert broadcasts.read_progress(finished).waiting == 0
    assert not broadcasts.is_any_running()


def test_cancelling_stops_lanes_and_filing_at_once_and_counts_what_was_under_way() -> None:
    add_people(BATCH_PEOPLE + 10)
    broadcast = begin()
    key = str(broadcast.pk)
    assert broadcasts.go_on(key)
    sent, under_way, *_ = list_waiting()
    assert notices.begin_delivery(sent)
    notices.mark_sent(sent, [1])
    assert notices.begin_delivery(under_way)

    assert broadcasts.cancel(key)
    assert not broadcasts.cancel(key)
    assert list_waiting() == []
    assert not broadcasts.is_running(broadcast)

    file_all(broadcast)
    assert broadcasts.list_unfinished() == [key]  # until it is known what became of the one under way
    notices.mark_sent(under_way, [2])
    file_all(broadcast)

    assert broadcasts.read_progress(reread(broadcast)) == Progress(
        filed=BATCH_PEOPLE, sent=2, failed=0, left_out=BATCH_PEOPLE - 2
    )
    assert reread(broadcast).finished_at is not None
    assert broadcasts.list_unfinished() == []


def test_what_is_cancelled_between_two_batches_is_called_off_with_what_was_just_filed() -> None:
    add_people(3)
    broadcast = begin()
    Broadcast.objects.filter(pk=broadcast.pk).update(status=BroadcastStatus.CANCELLED)

    file_all(broadcast)

    assert Notice.objects.count() == 0
    assert reread(broadcast).finished_at is not None


def test_a_lane_sends_nothing_while_nobody_knows_what_became_of_a_copy_and_begins_with_it() -> None:
    add_people(40)
    file_all(begin())
    lane = 0
    killed, *others = find_work(lane).notices
    assert others
    killed.known_message_id = 77
    notices.begin_delivery(killed)

    work = find_work(lane)
    assert (work.notices, work.pause_s and work.pause_s > 0) == ((), True)
    assert find_work(lane + 1).notices

    Notice.objects.filter(pk=killed.pk).update(due_at=timezone.now())  # its lease has run out
    first = find_work(lane).notices[0]
    assert (first.pk, first.attempts, broadcast_lanes.find_known_before(first)) == (killed.pk, 1, 77)


def test_of_two_workers_who_have_read_the_same_copy_one_delivers_it() -> None:
    add_people(1)
    file_all(begin())
    (first,), (second,) = list_waiting(), list_waiting()

    assert (notices.begin_delivery(first), notices.begin_delivery(second)) == (True, False)

    assert Notice.objects.get().attempts == 1


def test_a_copy_that_is_put_off_holds_up_no_other_and_a_lane_that_waits_says_how_long() -> None:
    add_people(40)
    file_all(begin())
    waiting = find_work(0).notices
    broadcast_lanes.put_off(waiting[0], pause_s=60)

    assert {notice.pk for notice in find_work(0).notices} == {notice.pk for notice in waiting[1:]}
    for notice in waiting[1:]:
        broadcast_lanes.put_off(notice, pause_s=90)
    pause_s = find_work(0).pause_s
    assert pause_s is not None
    assert 50 < pause_s <= 60


def test_what_is_sent_next_is_newer_than_every_message_known() -> None:
    add_people(2)
    broadcast = begin()
    file_all(broadcast)
    first, second = list_waiting()
    assert broadcast_lanes.find_newest_known(first.lane, broadcast) == 0

    InboxUpdate.objects.create(
        update_id=1, kind="message", chat_id="5", message_id=50, status="pending", trace_id="0"
    )
    assert broadcast_lanes.find_newest_known(first.lane, broadcast) == 50
    notices.begin_delivery(first)
    notices.mark_sent(first, [60])
    assert broadcast_lanes.find_newest_known(first.lane, broadcast) == 60
    assert broadcast_lanes.find_latest_known(second, broadcast) == 60


def test_copies_are_no_business_of_those_who_deliver_other_notices() -> None:
    add_people(2)
    file_all(begin())
    notices.file_notice(key="k", chat_id="1", text="Прошу")
    Notice.objects.update(due_at=timezone.now() - timedelta(hours=1))

    assert [notice.key for notice in notices.list_due("1")] == ["k"]
    assert notices.list_due("2") == []
    assert notices.list_overdue_chats() == ["1"]


def test_a_sweep_wakes_no_more_chats_than_it_may_those_that_wait_longest_first() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Notice.objects.bulk_create(
        [
            Notice(
                key=str(number), chat_id=str(number), text="x", due_at=long_ago + timedelta(seconds=number)
            )
            for number in range(notices.OVERDUE_NOTICES + 5)
        ]
    )

    assert notices.list_overdue_chats() == sorted(str(number) for number in range(notices.OVERDUE_NOTICES))


def test_who_is_forgotten_leaves_no_copy_and_takes_no_others_along(settings: Any) -> None:
    settings.ADMIN_CHAT_IDS = [int(FORGOTTEN)]
    add_people(2)
    Person.objects.create(user_id=FORGOTTEN, chat_id=FORGOTTEN)
    AccessDecision.objects.create(
        user_id="1", before="pending", after="approved", decided_by=f"telegram:{FORGOTTEN}", via="button"
    )
    broadcast = begin()
    file_all(broadcast)
    Notice.objects.update(status=NoticeStatus.SENT)
    request = accept(1, build_press(int(FORGOTTEN), {"id": int(FORGOTTEN), "is_bot": False}, "Забыть Вас?"))

    forget_person(FORGOTTEN, chat_id=FORGOTTEN, request=request, wait=lambda _seconds: None)

    assert sorted(Notice.objects.values_list("about_user_id", flat=True)) == ["1", "2"]
    find_work(0)
    progress = broadcasts.read_progress(reread(broadcast))
    assert (progress, progress.waiting) == (Progress(filed=2, sent=2, failed=0, left_out=0), 0)


def test_an_outage_uses_up_no_attempt_and_trouble_of_ones_own_does() -> None:
    add_people(1)
    file_all(begin())
    (notice,) = list_waiting()
    for _ in range(3):
        notices.begin_delivery(notice)
        notices.postpone(notice, pause_s=-1, may_be_sent=True)
        notice = Notice.objects.get()
    assert notice.attempts == 1

    while notices.begin_delivery(notice):
        notices.postpone(notice, pause_s=-1, may_be_sent=True, is_counted=True)
        notice = Notice.objects.get()

    assert Notice.objects.get().status == NoticeStatus.FAILED
