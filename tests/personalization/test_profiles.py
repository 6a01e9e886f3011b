from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from personalization.domain.profiles import get_profile, reset_profile
from personalization.models import MemoryEvent, UserProfile
from tests.factories.personalization import ProfileFactory, fill_memory

pytestmark = pytest.mark.django_db


def test_reading_a_missing_profile_creates_the_default_one() -> None:
    profile = get_profile("42")

    assert (profile.language, profile.persona, profile.tone) == ("ru", "Alfred-style дворецкий", "witty")
    assert (profile.preferred_topics, profile.memory_summary) == ([], None)
    assert UserProfile.objects.count() == 1


def test_reading_again_returns_the_same_profile() -> None:
    assert get_profile("42").pk == get_profile("42").pk


def test_concurrent_first_reads_create_one_profile() -> None:
    with ThreadPoolExecutor(16) as threads:
        profiles = list(threads.map(get_profile, ["42"] * 16))

    assert len({profile.pk for profile in profiles}) == 1
    assert UserProfile.objects.count() == 1


@pytest.mark.parametrize("user_id", ['{"$gt": ""}', "../x", "$where", "a.b", "'; drop", "пользователь"])
def test_a_hostile_user_id_is_data(user_id: str) -> None:
    ProfileFactory(user_id="somebody")

    assert get_profile(user_id).user_id == user_id
    assert set(UserProfile.objects.values_list("user_id", flat=True)) == {"somebody", user_id}


def test_a_reset_deletes_the_memory_and_restores_the_defaults() -> None:
    ProfileFactory(
        user_id="42",
        language="en",
        tone="dry",
        model="vendor:best",
        memory_summary="notes",
        preferred_topics=["chess"],
    )
    fill_memory("42", 4)
    fill_memory("43", 2)

    assert reset_profile("42") == 4

    profile = get_profile("42")
    assert (profile.language, profile.tone, profile.memory_summary) == ("ru", "witty", None)
    assert (profile.preferred_topics, profile.model) == ([], "")
    assert list(MemoryEvent.objects.values_list("user_id", flat=True)) == ["43", "43"]


def test_a_reset_of_somebody_unknown_changes_nothing() -> None:
    assert reset_profile("nobody") == 0
    assert UserProfile.objects.count() == 0
