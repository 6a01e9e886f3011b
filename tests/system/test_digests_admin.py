"""Channels and digests on the admin site in a real browser: switched, looked at, legible on every screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from digests.domain.day import Statement
from digests.domain.records import posts_as_json, statements_as_json
from digests.enums import ChannelState, DigestStatus
from digests.models import ChannelPost
from tests.factories.digests import MIDNIGHT, ChannelFactory, DigestFactory, ReviewReportFactory, make_post
from tests.harness.processes import paused
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, look_at

pytestmark = pytest.mark.system

ROOT = "/admin/digests"
HERE = "-1002000000001"
NEWS = (
    "В Заречье открыли мост через Лугу: он обошёлся в 1,2 млрд рублей и станет четвёртым в городе. " * 4,
    "Мэрия объявила конкурс на ремонт театра: заявки принимают до 15 мая.",
    "Окна дёшево. Реклама. ООО «Рама», ИНН 7700000000, erid: 2Vtz",
    "Мост через Лугу открыт! Подробности: https://zarechye.example/news/2026/03/10/most-cherez-lugu-otkryt",
)


@pytest.fixture(scope="module")
def filled(stack: Stack) -> Stack:
    """Two channels, one of them with a day's posts, its digest and what a reviewer says of it."""
    posts = [
        make_post(NEWS[0], number=11, forwarded_from="Заречные вести"),
        make_post(NEWS[1], number=12),
        make_post(NEWS[2], number=13, is_ad=True),
        make_post(NEWS[3], number=14, repeats=11),
    ]
    statements = [
        Statement("Открыт мост через Лугу за 1,3 млрд рублей; он станет четвёртым в городе.", (11, 14)),
        Statement("Театр отремонтируют, заявки принимаются до 15 мая.", (12,)),
    ]
    written = DigestFactory.build(
        channel_id=HERE,
        summary="• Открыт мост через Лугу. [00:11](https://t.me/zarechye/11)\n• Театр. [00:12](https://t.me/zarechye/12)",
        statements=statements_as_json(statements),
        raw_posts=posts_as_json(posts),
        post_count=4,
        trace_id="b" * 32,
    )
    finding = {"statement": 1, "kind": "figure", "value": "1,3 млрд"}
    insert(
        stack,
        ChannelFactory.build(channel_id=HERE, title="Заречье сегодня", username="zarechye"),
        ChannelFactory.build(
            channel_id="-1002000000777", title="Городской лес", username="les", state=ChannelState.FOUND
        ),
        *(
            ChannelPost(channel_id=HERE, message_id=post.message_id, posted_at=post.posted_at, text=post.text)
            for post in posts
        ),
        written,
        DigestFactory.build(
            channel_id=HERE, day="2026-03-09", status=DigestStatus.FAILED, fault="unavailable", attempts=6
        ),
        ReviewReportFactory.build(
            channel_id=HERE,
            has_passed=False,
            created_at=MIDNIGHT,
            checks=json.dumps({"version": 1, "findings": [finding]}, ensure_ascii=False),
        ),
    )
    return stack


def insert(stack: Stack, *rows: Model) -> None:
    for row in rows:
        document: dict[str, Any] = {
            field.column: field.get_db_prep_save(getattr(row, field.attname), connection)
            for field in row._meta.concrete_fields
            if not field.primary_key
        }
        stack.database()[row._meta.db_table].insert_one(document)


def test_a_channel_is_found_and_switched_on(staff: Browser, filled: Stack) -> None:
    staff.get(f"{filled.web_url}{ROOT}/channel/?q=город")
    staff.follow("#result_list tbody th a")

    staff.follow(".page-actions [value=read]")

    assert staff.texts(".messagelist .success") == ["Включено каналов: 1; осталось по-прежнему: 0."]
    assert staff.texts(".page-actions button") == ["Не читать"]
    assert staff.one(".field-state .readonly").text == "читается"


def test_a_failed_digest_is_written_anew(staff: Browser, filled: Stack) -> None:
    staff.get(f"{filled.web_url}{ROOT}/digest/?status__exact=failed&channel_id={HERE}")
    staff.follow("#result_list tbody th a")

    with paused(filled.worker):  # which might be about to write it
        staff.follow(".page-actions [value=write_anew]")

        assert len(staff.texts(".messagelist .success")) == 1
        assert filled.database().digests.find_one({"status": "failed"})["attempts"] == 0


def test_channels_and_digests_fit_every_screen(staff: Browser, filled: Stack, pictures: Path) -> None:
    found = []
    for look in LOOKS:
        staff.take_on(look)
        for model in ("channel", "channelpost", "digest", "reviewreport"):
            staff.get(f"{filled.web_url}{ROOT}/{model}/?channel_id={HERE}")
            found += look_at(staff, pictures / f"digests-{model}s-{look}.png")
            staff.follow("#result_list tbody th a")
            for details in staff.all("#digest-posts summary"):
                details.click()
            staff.execute_script("scrollTo(0, 0)")
            found += look_at(staff, pictures / f"digests-{model}-{look}.png")

    assert found == []
