"""Channels, their posts, digests, reviews and subscriptions on the admin site."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from digests.admin.showing import render_links
from digests.domain.day import Statement
from digests.domain.due import MAX_ATTEMPTS, list_due_days
from digests.domain.records import posts_as_json, statements_as_json
from digests.enums import ChannelState, DigestStatus, ReviewStatus
from digests.models import Channel, Digest, ReviewReport, Subscription
from tests.factories.digests import ChannelFactory, DigestFactory, ReviewReportFactory, make_post, store_posts
from tests.harness.admin_site import add_person, log_in, read, section

ROOT = "/admin/digests"
HERE, ELSEWHERE = "-1002000000001", "-1002000000002"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory.create(channel_id=HERE, title="Заречье", username="zarechye")


def choose(client: Client, model: str, action: str, *chosen: Any, **fields: Any) -> str:
    choice = {"action": action, "_selected_action": [str(one.pk) for one in chosen], **fields}
    return client.post(f"{ROOT}/{model}/", choice, follow=True).content.decode()


def page_of(client: Client, model: str, shown: Any) -> str:
    return read(client, f"{ROOT}/{model}/{shown.pk}/change/")


def test_links_of_a_summary_are_links_and_nothing_else_is() -> None:
    written = "• <b>Мост</b> [x](javascript:alert) [12:00](https://t.me/c/1/2) [1](https://example.org)"

    assert str(render_links(written)) == (
        "• &lt;b&gt;Мост&lt;/b&gt; [x](javascript:alert) "
        '<a href="https://t.me/c/1/2" rel="noreferrer">12:00</a> [1](https://example.org)'
    )


@pytest.mark.django_db
def test_channels_are_found_switched_and_given_a_time_zone(staff: Client, channel: Channel) -> None:
    other = ChannelFactory.create(channel_id=ELSEWHERE, title="Лес", username="les", state=ChannelState.FOUND)
    left = ChannelFactory.create(
        channel_id="-1002000000003", title="Прочь", username="gone", state=ChannelState.LEFT
    )

    def found(**query: str) -> list[bool]:
        page = read(staff, f"{ROOT}/channel/", **query)
        return [f">{title}</a>" in page for title in ("Заречье", "Лес", "Прочь")]

    assert found() == [True, True, True]
    assert (
        found(q="@zare")
        == found(q="Заре")
        == found(q=HERE)
        == found(state__exact="on")
        == [True, False, False]
    )
    assert found(q="нет такого") == [False, False, False]

    told = choose(staff, "channel", "read", channel, other, left)
    assert "Включено каналов: 1; осталось по-прежнему: 2." in told
    other.refresh_from_db()
    assert (other.state, other.switched_by, other.untold) == ("on", "staff:boss", "decided")
    page = choose(staff, "channel", "leave_unread", channel, from_page=str(channel.pk))
    assert "Выключено каналов: 1" in page
    assert 'value="read"' in page  # back on the channel's page, which offers the other action now
    assert 'value="leave_unread"' not in page
    assert 'name="action"' not in page_of(staff, "channel", left)

    changed = f"{ROOT}/channel/{channel.pk}/change/"
    assert staff.post(changed, {"time_zone": "Asia/Novosibirsk", "title": "Иначе"}).status_code == 302
    assert "Asia/Nowhere" in staff.post(changed, {"time_zone": "Asia/Nowhere"}).content.decode()
    channel.refresh_from_db()
    assert (channel.time_zone, channel.title, channel.state) == ("Asia/Novosibirsk", "Заречье", "off")


@pytest.mark.django_db
def test_posts_are_listed_without_their_words_and_of_one_channel(staff: Client, channel: Channel) -> None:
    (post,) = store_posts(channel, "Открыли мост", at=timezone.now())
    store_posts(ChannelFactory.create(channel_id=ELSEWHERE, title="Лес"), "Пришли грибы", at=timezone.now())
    address = f"{ROOT}/channelpost/"

    everything = read(staff, address)
    assert ["Открыли" in everything, ">Заречье</a>" in everything, ">Лес</a>" in everything] == [
        False,
        True,
        True,
    ]
    for query in ({"q": "Заречье"}, {"q": HERE}, {"channel_id": HERE}):
        narrowed = read(staff, address, **query)
        assert [">Заречье</a>" in narrowed, ">Лес</a>" in narrowed] == [True, False]
    page = page_of(staff, "channelpost", post)
    assert "Открыли мост" in page
    assert "https://t.me/zarechye/1" in page
    assert staff.get(address, {"text__contains": "мост"}).status_code != 200
    assert staff.post(f"{address}{post.pk}/delete/").status_code == 403


@pytest.mark.django_db
def test_a_digest_is_shown_beside_its_posts(staff: Client, channel: Channel) -> None:
    posts = [
        make_post("В Заречье <открыли> мост.", number=1, forwarded_from="Вести"),
        make_post("Окна дёшево. erid: 2Vtz", number=2, is_ad=True),
        make_post("Мост открыт!", number=3, repeats=1),
    ]
    digest = DigestFactory.create(
        channel_id=HERE,
        raw_posts=posts_as_json(posts),
        statements=statements_as_json([Statement("Открыт мост.", (1, 9))]),
        trace_id="a" * 32,
    )
    report = ReviewReportFactory.create(
        digest_id=digest.digest_id,
        channel_id=HERE,
        has_passed=False,
        remarks=json.dumps({"missed": ["Театр"], "unsupported": [1], "remarks": ["Сухо"]}),
        checks=json.dumps({"version": 1, "findings": [{"statement": 1, "kind": "link", "value": "9"}]}),
    )

    store_posts(channel, "Моста не открыли.")

    page = page_of(staff, "digest", digest)
    for text in (
        "После написания исправлено постов: 1",
        '<a href="https://t.me/zarechye/1" rel="noreferrer">00:01</a>',
        "В Заречье &lt;открыли&gt; мост.",
        "Вести",
        "<strong>реклама</strong>",
        "<strong>повторяет 1</strong>",
        "Среди постов нет: 9",
        f"/observability/tracepart/{'a' * 32}/",
        "cites_posts, folds_repeats, marks_ads",
        f"{ROOT}/reviewreport/{report.pk}/change/",
    ):
        assert text in page, text
    reviewed = page_of(staff, "reviewreport", report)
    for text in (
        "75%",
        "1. Открыт мост.",
        "ссылается на то, чего в тот день не публиковали",
        "Театр",
        "Сухо",
    ):
        assert text in reviewed, text
    assert f"{ROOT}/digest/{digest.pk}/change/" in reviewed


@pytest.mark.django_db
def test_digests_and_reviews_are_listed_and_filtered(staff: Client, channel: Channel) -> None:
    DigestFactory.create(channel_id=HERE)
    DigestFactory.create(channel_id=ELSEWHERE, status=DigestStatus.FAILED, fault="unavailable", summary="")
    ReviewReportFactory.create(channel_id=HERE)
    ReviewReportFactory.create(
        channel_id=ELSEWHERE, status=ReviewStatus.FAILED, has_passed=False, coverage=None
    )
    ReviewReport.objects.filter(channel_id=HERE).update(created_at=timezone.now() - timedelta(days=8))

    def found(model: str, **query: str) -> list[bool]:
        page = read(staff, f"{ROOT}/{model}/", **query)
        return [">Заречье</a>" in page, f">{ELSEWHERE}</td>" in page]

    assert found("digest") == found("reviewreport") == [True, True]
    assert found("digest", q="зареч") == found("reviewreport", q="@zarechye") == [True, False]
    assert found("digest", status__exact="failed") == found("digest", channel_id=ELSEWHERE) == [False, True]
    assert found("reviewreport", has_passed="True") == [False, False]  # too long ago
    assert (
        found("reviewreport", has_passed="False") == found("reviewreport", status="failed") == [False, True]
    )


@pytest.mark.django_db
def test_why_something_failed_is_told_in_words(staff: Client, channel: Channel) -> None:
    faults = ("quota_exhausted", "no_statement", "language", "of an older version")
    for day, fault in enumerate(faults, start=1):
        DigestFactory.create(
            channel_id=HERE, day=f"2026-03-0{day}", status=DigestStatus.FAILED, fault=fault, summary=""
        )
    report = ReviewReportFactory.create(
        channel_id=HERE, status=ReviewStatus.INVALID, fault="missed/0: not as asked for (type)"
    )

    listed = read(staff, f"{ROOT}/digest/", status__exact="failed")
    opened = page_of(staff, "digest", Digest.objects.get(fault="no_statement"))

    told = ("исчерпана квота у провайдера", "нет ни одного утверждения", "не по-русски", faults[-1])
    assert [f">{text}" in listed for text in told] == [True] * len(told)
    assert "нет ни одного утверждения со ссылкой на пост" in opened
    assert "не так, как просили: missed/0 (type)" in page_of(staff, "reviewreport", report)


@pytest.mark.django_db
def test_what_failed_is_written_anew_however_old_and_often_tried(staff: Client, channel: Channel) -> None:
    written = DigestFactory.create(channel_id=HERE, day="2026-03-09")
    failed = DigestFactory.create(
        channel_id=HERE, status=DigestStatus.FAILED, fault="unavailable", attempts=MAX_ATTEMPTS
    )
    Channel.objects.update(state=ChannelState.LEFT)
    now = timezone.now() + timedelta(days=300)
    assert list(list_due_days(now)) == []

    told = choose(staff, "digest", "write_anew", failed, written)

    assert "Дайджестов, которые вскоре напишутся заново: 1; удавшихся и пустых: 1." in told
    assert [(due.channel.channel_id, due.day.isoformat()) for due in list_due_days(now)] == [
        (HERE, failed.day)
    ]
    assert 'value="write_anew"' in page_of(staff, "digest", failed)
    assert 'value="write_anew"' not in page_of(staff, "digest", written)


@pytest.mark.django_db
def test_subscriptions_are_found_by_person_and_by_channel(staff: Client, channel: Channel) -> None:
    for user_id, channel_id, hour in (("41", HERE, 9), ("42", HERE, 7), ("42", ELSEWHERE, 8)):
        Subscription.objects.create(user_id=user_id, channel_id=channel_id, hour=hour, time_zone="UTC")

    def found(**query: str) -> list[tuple[str, str]]:
        page = staff.get(f"{ROOT}/subscription/", query)
        return [(row.user_id, row.channel_id) for row in page.context["cl"].result_list]

    assert found() == [("41", HERE), ("42", HERE), ("42", ELSEWHERE)]
    assert found(q="42") == [("42", HERE), ("42", ELSEWHERE)]
    assert found(q="Заречье") == found(channel_id=HERE) == [("42", HERE), ("41", HERE)]
    assert "/person/of/42/" in page_of(staff, "subscription", Subscription.objects.get(hour=7))
    add_person("42")
    subscribed = section(staff, "subscriptions")
    assert [text in subscribed for text in (">Заречье</a>", "7:00 UTC", f">{ELSEWHERE}</td>", "9:00")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.django_db
def test_who_may_look_changes_nothing(client: Client, channel: Channel) -> None:
    looker = log_in(client, "view_channel", "view_digest")
    failed = DigestFactory.create(channel_id=HERE, status=DigestStatus.FAILED, attempts=3)
    ReviewReportFactory.create(channel_id=HERE)

    page = page_of(looker, "digest", failed)
    choose(looker, "channel", "leave_unread", channel)
    choose(looker, "digest", "write_anew", failed)

    assert 'name="action"' not in page
    assert "reviewreport" not in page.partition('id="content"')[2]
    assert 'name="time_zone"' not in page_of(looker, "channel", channel)
    assert looker.post(f"{ROOT}/channel/{channel.pk}/change/", {"time_zone": "UTC"}).status_code == 403
    assert looker.get(f"{ROOT}/subscription/").status_code == 403
    assert (Channel.objects.get().state, Digest.objects.get().attempts) == ("on", 3)
