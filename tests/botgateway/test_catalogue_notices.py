"""What the admins are told of models: each change once, in their language, and not too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from botgateway.domain.catalogue_notices import NAMES_SHOWN, tell_admins, write_changes, write_missing
from botgateway.models import Notice
from llm.catalogue_lists import KnownList
from llm.catalogue_refresh import Change, Differences, NamedModel
from llm.route import Candidate
from tests.harness.providers import ScriptedProvider

ADMINS = [900, -500]
SINCE = datetime(2026, 1, 2, 4, tzinfo=timezone.get_default_timezone())
CHANGE = Change(provider="here", since=SINCE, count=3, appeared=("new-7b", "new-72b"), vanished=("old-7b",))
MISNAMED = NamedModel("LLM_FALLBACK", Candidate(ScriptedProvider(""), "gone-9b"))


def differ(*changes: Change, missing: tuple[NamedModel, ...] = ()) -> Differences:
    lists = {change.provider: KnownList(provider=change.provider) for change in changes}
    return Differences(asked=changes, lists=lists, missing=missing)


@pytest.fixture
def admins(settings: Settings) -> None:
    settings.ADMIN_CHAT_IDS = ADMINS


@pytest.mark.django_db
def test_every_admins_chat_is_told_once_of_each_change(admins: None) -> None:
    first, again = tell_admins(differ(CHANGE)), tell_admins(differ(CHANGE))
    other = tell_admins(differ(replace(CHANGE, since=SINCE + timedelta(days=1))))

    assert (first, again, other) == (("900", "-500"), (), ("900", "-500"))
    assert Notice.objects.count() == 4


@pytest.mark.django_db
def test_without_a_change_nobody_is_told(admins: None) -> None:
    failing = replace(CHANGE, appeared=(), vanished=(), failure="unavailable")

    assert tell_admins(differ(replace(CHANGE, appeared=(), vanished=()))) == ()
    assert tell_admins(differ(replace(failing, last_failure="rate_limited"))) == ()
    assert tell_admins(differ(failing)) == ("900", "-500")


@pytest.mark.django_db
def test_the_chat_in_which_it_is_said_anyway_is_left_out(admins: None) -> None:
    assert tell_admins(differ(CHANGE), but="900") == ("-500",)


@pytest.mark.django_db
def test_a_setting_that_misnames_a_model_is_told_of_once_however_the_lists_change(admins: None) -> None:
    first = tell_admins(differ(missing=(MISNAMED,)))
    later = tell_admins(differ(CHANGE, missing=(MISNAMED,)))

    assert (first, later) == (("900", "-500"), ("900", "-500"))
    told = Notice.objects.filter(chat_id="900").order_by("created_at", "pk")
    assert [("gone\\-9b" in notice.text, "new\\-7b" in notice.text) for notice in told] == [
        (True, False),
        (False, True),
    ]


def test_what_has_changed_is_said_by_provider() -> None:
    quiet = replace(CHANGE, provider="quiet", appeared=(), vanished=())
    first = replace(quiet, provider="first", since=None)
    failing = replace(quiet, provider="failing", failure="timed_out")
    mute = replace(failing, provider="mute", since=None)
    back = replace(quiet, provider="back", last_failure="timed_out", vanished=("old-1b",))

    english = write_changes(differ(CHANGE, quiet, first, failing, mute, back), "en")

    assert english.split("\n\n") == [
        "**Changes among the models**",
        "**here**: 3 models now",
        "- new (2): new\\-7b, new\\-72b\n- gone (1): old\\-7b",
        "**first**: its first list is here, 3 models.",
        "**failing** does not answer: timed\\_out. The list of before, 3 models, stays in force; "
        "I shall report when the provider is back.",
        "**mute** does not answer: timed\\_out. I do not know its models as yet.",
        "**back** answers again, 3 models.",
        "- gone (1): old\\-1b",
    ]
    assert "появились (2): new\\-7b" in write_changes(differ(CHANGE), "ru")
    assert write_missing(differ(missing=(MISNAMED,)), "ru").endswith("- LLM\\_FALLBACK: scripted:gone\\-9b")


def test_a_long_list_is_cut_short() -> None:
    names = tuple(f"model{number}" for number in range(NAMES_SHOWN + 5))

    text = write_changes(differ(replace(CHANGE, appeared=names)), "ru")

    assert "появились (25): model0" in text
    assert "model19 и ещё 5" in text
    assert "model20" not in text
