from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain import notices, reports
from botgateway.domain.buttons import Button
from botgateway.domain.inbox import find_last_answer_id
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import InboxUpdate, Notice
from tests.harness.days import find_quiet_zone

pytestmark = pytest.mark.django_db

KEYBOARD = ((Button("Одобрить", "access:approved:42"),),)


def file(key: str = "k", chat_id: str = "7", text: str = "Прошу") -> Notice:
    notices.file_notice(key=key, chat_id=chat_id, text=text, keyboard=KEYBOARD)
    return Notice.objects.get(key=key)


def add_update(
    update_id: int, *, message_id: int, chat_id: str = "42", answers: tuple[int, ...] = ()
) -> None:
    InboxUpdate.objects.create(
        update_id=update_id,
        kind="message",
        chat_id=chat_id,
        message_id=message_id,
        status=UpdateStatus.ANSWERED,
        answer_message_ids=list(answers),
        trace_id="0",
    )


def test_a_notice_is_filed_once_however_many_file_it() -> None:
    with ThreadPoolExecutor(8) as threads:
        filed = list(
            threads.map(lambda _: notices.file_notice(key="k", chat_id="7", text="Прошу"), range(16))
        )

    assert sum(filed) == 1
    assert [notice.text for notice in notices.list_due("7")] == ["Прошу"]
    assert notices.list_due("8") == []


def test_a_delivered_notice_is_not_due_until_it_is_revised() -> None:
    notice = file()
    notices.begin_delivery(notice)
    notices.mark_sent(notice, [100])
    assert notices.list_due("7") == []

    assert notices.revise_notice("k", text="Решено") == "7"

    (due,) = notices.list_due("7")
    assert (due.text, due.keyboard, due.message_ids, due.revision, due.attempts) == (
        "Решено",
        "",
        [100],
        1,
        0,
    )


def test_a_revision_that_changes_nothing_and_one_of_a_notice_unknown_or_failed_are_none() -> None:
    notice = file()

    assert notices.revise_notice("k", text="Прошу", keyboard=KEYBOARD) == ""
    assert notices.revise_notice("unknown", text="Решено") == ""
    notices.give_up(notice, reason="test")
    assert notices.revise_notice("k", text="Решено") == ""
    assert Notice.objects.get().status == NoticeStatus.FAILED


def test_what_is_revised_while_it_is_delivered_is_shown_afterwards() -> None:
    notice = file()
    notices.begin_delivery(notice)
    notices.revise_notice("k", text="Решено")

    notices.mark_sent(notice, [100])

    (due,) = notices.list_due("7")
    assert (due.text, due.message_ids) == ("Решено", [100])


def test_a_notice_that_kills_its_workers_is_given_up(settings: Any) -> None:
    settings.TURN_LEASE_S = 0.0
    file()

    begun = [notices.begin_delivery(Notice.objects.get()) for _ in range(notices.MAX_ATTEMPTS + 1)]

    assert begun == [True] * notices.MAX_ATTEMPTS + [False]
    assert Notice.objects.get().status == NoticeStatus.FAILED


def test_outages_do_not_use_up_the_attempts_but_are_remembered() -> None:
    for _ in range(notices.MAX_ATTEMPTS + 1):
        notice = file()
        assert notices.begin_delivery(notice)
        notices.postpone(notice, pause_s=-1, may_be_sent=True)

    assert Notice.objects.get().attempts == 1
    notice = Notice.objects.get()
    notices.begin_delivery(notice)
    notices.postpone(notice, pause_s=60, may_be_sent=False)
    assert (Notice.objects.get().attempts, notices.list_due("7")) == (1, [])


def test_the_sweeper_finds_what_was_forgotten_and_not_what_waits() -> None:
    file("forgotten", "7")
    file("waiting", "8")
    file("new", "9")
    long_ago = timezone.now() - timedelta(minutes=1)
    Notice.objects.filter(key="forgotten").update(due_at=long_ago)
    Notice.objects.filter(key="waiting").update(due_at=timezone.now() + timedelta(minutes=1))

    assert notices.list_overdue_chats() == ["7"]


def test_messages_older_than_a_notice_are_told_by_what_was_written_before_it() -> None:
    add_update(1, message_id=50)
    add_update(2, message_id=60, answers=(61,))
    add_update(3, message_id=9_000, chat_id="-5")  # groups count for themselves
    add_update(4, message_id=10, chat_id="7", answers=(11,))
    notice = file()
    add_update(5, message_id=70)

    assert notices.find_newest_message_id(notice) == 60
    assert find_last_answer_id("7") == 11
    notices.mark_sent(file("later"), [80])
    assert notices.find_newest_message_id(notice) == 80
    notices.revise_notice("later", text="Решено")
    assert notices.find_newest_message_id(notice) == 80
    assert find_last_answer_id("7") == 80


def fail(kind: type[Exception] = ValueError) -> Exception:
    try:
        notices.begin_delivery(None)  # type: ignore[arg-type]
    except AttributeError as error:
        return kind("чужие слова").with_traceback(error.__traceback__)
    raise AssertionError


def test_an_error_is_reported_once_a_day_by_its_type_and_place(settings: Any) -> None:
    settings.ADMIN_CHAT_IDS, settings.TIME_ZONE = [7, -8], find_quiet_zone()

    assert reports.report_error(fail(), trace_id="a1") == ("7", "-8")
    assert reports.report_error(fail(), trace_id="b2") == ()
    assert reports.report_error(fail(KeyError), trace_id="b2") == ("7", "-8")
    assert reports.report_once("speech", "model missing") == ("7", "-8")

    text = Notice.objects.filter(chat_id="7").order_by("created_at")[0].text
    assert r"ValueError, место: botgateway\.domain\.notices\.begin\_delivery" in text
    assert "a1" in text
    assert "чужие" not in " ".join(Notice.objects.values_list("text", flat=True))


def test_nobody_is_reported_to_where_there_are_no_admins(settings: Any) -> None:
    settings.ADMIN_CHAT_IDS = []

    assert reports.report_error(fail()) == ()
    assert Notice.objects.count() == 0
