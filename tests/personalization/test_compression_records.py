"""Records of compressions: one of each that did something, none that outlives its person."""

from __future__ import annotations

from typing import Any

import pytest

from llm.errors import Unavailable
from llm.prompt import Prompt
from personalization.domain.compression import compress_memory
from personalization.domain.compression_records import (
    delete_records,
    find_last_compressions,
    forget_request,
    is_requested,
    keep_record,
    note_request,
)
from personalization.domain.profiles import get_profile
from personalization.models import Compression, UserProfile
from personalization.tasks import compress_user_memory
from tests.factories.personalization import fill_memory
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NOTES = "Собеседник рассказал о многом."
DOWN = Unavailable("down", provider="scripted")


def compress(*answers: Any) -> None:
    for answer in answers:
        compress_memory("42", chain=chain_of(ScriptedProvider(answer)))


def test_what_did_something_or_failed_is_kept_newest_first(settings: Any) -> None:
    settings.MEMORY_CAP, settings.MEMORY_KEEP_LAST = 4, 2
    get_profile("42")
    compress(NOTES)
    fill_memory("42", 5)

    compress(DOWN, NOTES, NOTES)

    records = find_last_compressions("42", limit=9)
    assert [(record.status, record.summarised, record.deleted) for record in records] == [
        ("ok", 3, 3),
        ("unavailable", 0, 0),
    ]
    assert all(record.duration_s > 0 for record in records)
    assert find_last_compressions("42", limit=1) == records[:1]
    assert find_last_compressions("43", limit=1) == []


def test_a_crash_is_kept_and_raised(settings: Any) -> None:
    settings.MEMORY_CAP, settings.MEMORY_KEEP_LAST = 4, 2
    get_profile("42")
    fill_memory("42", 5)

    def crash(_prompt: Prompt) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        compress(crash)

    assert find_last_compressions("42", limit=1)[0].status == "crashed"


def test_the_end_of_the_process_is_no_failure_of_a_memory(settings: Any) -> None:
    settings.MEMORY_CAP, settings.MEMORY_KEEP_LAST = 4, 2
    get_profile("42")
    fill_memory("42", 5)

    def press_ctrl_c(_prompt: Prompt) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compress(press_ctrl_c)

    assert find_last_compressions("42", limit=1) == []


@pytest.mark.parametrize("comes_back", [False, True])
def test_no_record_is_kept_of_somebody_who_was_forgotten_meanwhile(comes_back: bool) -> None:
    profile = get_profile("42")
    UserProfile.objects.all().delete()
    if comes_back:
        get_profile("42")

    keep_record(Compression(user_id="42", status="ok"), profile)

    assert Compression.objects.count() == 0


def test_whoever_asked_sees_it_wait_and_end() -> None:
    note_request("42")
    assert (is_requested("42"), is_requested("43")) == (True, False)

    assert compress_user_memory.apply(args=["42"]).get() == "nothing"

    assert not is_requested("42")
    note_request("42")
    delete_records("42")
    assert not is_requested("42")
    note_request("42")
    forget_request("42")
    assert not is_requested("42")
