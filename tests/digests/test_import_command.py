"""import_channel_export: what it stores, what it says, and with what it exits."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from digests.domain import importing
from digests.domain.channels import SeenChannel, note_membership
from digests.models import Channel, ChannelPost
from tests.digests.domain.test_telegram_export import export, message

pytestmark = pytest.mark.django_db

CHANNEL_ID = "-1001234567890"


def recent(number: int, *, days: int = 1, **fields: Any) -> dict[str, Any]:
    posted = timezone.now() - timedelta(days=days)
    return message(number, date_unixtime=str(int(posted.timestamp())), text=f"Запись {number}", **fields)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "result.json"


def run(file: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("import_channel_export", str(file), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def fail(file: Path, *arguments: str) -> tuple[int, str]:
    with pytest.raises(CommandError) as caught:
        run(file, *arguments)
    return caught.value.returncode, str(caught.value)


def test_an_export_is_imported_once_however_often(file: Path, settings: Settings) -> None:
    settings.POST_TTL_DAYS = 30
    posts = [recent(number) for number in range(1, importing.BATCH_POSTS + 4)]
    service = {"id": 9_000, "type": "service", "action": "pin_message"}
    file.write_text(export(*posts, service, recent(9_001, days=31)), encoding="utf-8-sig")

    first, second = run(file), run(file, "--switch-on")

    assert first == (
        f"{CHANNEL_ID}: 503 stored, 0 edited, 0 unchanged, 0 outdated, 1 no posts, 1 too old to keep; "
        "the channel is off\n"
    )
    assert second == first.replace("503 stored", "0 stored").replace("0 unchanged", "503 unchanged").replace(
        "is off", "is on"
    )
    assert ChannelPost.objects.count() == len(posts)
    channel = Channel.objects.get()
    assert (channel.title, channel.switched_by) == ("Гавань", "command:import_channel_export")


def test_of_a_whole_account_the_channel_that_is_named_is_imported(file: Path) -> None:
    chats = [json.loads(export(recent(number), id=number, name=f"Канал {number}")) for number in (11, 12)]
    file.write_text(json.dumps({"chats": {"list": chats}}))

    code, words = fail(file)
    assert (code, Channel.objects.count()) == (2, 0)
    assert "--channel. Its channels: -1000000000011 (Канал 11), -1000000000012 (Канал 12)" in words
    assert fail(file, "--channel", "13") == (
        2,
        "The file holds no channel -1000000000013. Its channels: -1000000000011 (Канал 11), "
        "-1000000000012 (Канал 12)",
    )

    run(file, "--channel", "12")

    assert [post.message_id for post in ChannelPost.objects.all()] == [12]
    assert Channel.objects.get().channel_id == "-1000000000012"


def test_a_broken_file_is_told_with_the_place_and_with_what_was_imported_of_it(file: Path) -> None:
    posts = [recent(number) for number in range(1, importing.BATCH_POSTS + 9)]
    file.write_text(export(*posts)[:-40])

    code, words = fail(file)

    assert code == 1
    assert "is no export of Telegram Desktop: line 30" in words
    assert f"until then: {importing.BATCH_POSTS} stored" in words
    assert ChannelPost.objects.count() == importing.BATCH_POSTS
    file.write_text(export(*posts))
    assert "8 stored, 0 edited, 500 unchanged" in run(file)


def test_what_is_no_export_of_a_channel_is_refused_and_so_is_a_call_without_sense(file: Path) -> None:
    assert fail(file) == (2, f"{file}: No such file or directory")
    assert "is no id of a channel" in fail(file, "--channel", "гавань")[1]
    for content, words in (
        ("<html>", "line 1: { is expected, not <; nothing was imported"),
        ("{}", "The file holds no channel, but nothing; nothing was imported"),
        (export(recent(1), type="private_group"), "holds no channel, but private_group; nothing"),
    ):
        file.write_text(content)
        code, complaint = fail(file)
        assert code == 1
        assert words in complaint

    assert not Channel.objects.exists()


def test_a_channel_that_threw_the_bot_out_stays_what_it_is(file: Path) -> None:
    seen, at = SeenChannel(channel_id=CHANNEL_ID, title="Гавань"), timezone.now()
    note_membership(seen, is_member=True, at=at)
    note_membership(seen, is_member=False, at=at)
    file.write_text(export(recent(1)))

    assert "the channel is left\nIt has thrown the bot out" in run(file, "--switch-on")
    assert ChannelPost.objects.count() == 1
