"""`manage.py seed_benchmark`: what it builds, how it goes on, what it refuses and how it exits."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from digests.management.commands.seed_benchmark import Wanted, ensure_possible
from digests.models import BenchmarkDataset, Channel, Digest, ReviewReport
from tests.factories.digests import ChannelFactory
from tests.harness.configuration import forget_configuration

pytestmark = pytest.mark.django_db

UNTIL = "2026-03-10"


@pytest.fixture(autouse=True)
def _kept_for_long(settings: Any) -> None:
    settings.POST_TTL_DAYS = 36_500


@pytest.fixture
def _no_model(settings: Any) -> Iterator[None]:
    settings.LLM_API_URL, settings.LLM_RETRIES = "http://127.0.0.1:1/v1", 0
    forget_configuration()
    yield
    forget_configuration()


class Interrupting(io.StringIO):
    """A terminal at which somebody presses Ctrl-C when the progress has come so far."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if "days: 3 of" in text:
            raise KeyboardInterrupt
        return super().write(text)


def seed(directory: Path, *arguments: str, stderr: io.StringIO | None = None) -> list[str]:
    out = io.StringIO()
    call_command(
        "seed_benchmark", *arguments, "--out", str(directory), stdout=out, stderr=stderr or io.StringIO()
    )
    return out.getvalue().splitlines()


def refused(directory: Path, *arguments: str, stderr: io.StringIO | None = None) -> tuple[int, str]:
    with pytest.raises(CommandError) as failed:
        seed(directory, *arguments, stderr=stderr)
    return failed.value.returncode, str(failed.value)


def test_it_builds_five_channels_goes_on_where_it_stopped_and_does_nothing_twice(tmp_path: Path) -> None:
    asked = ("--days", "2", "--until", UNTIL, "--seed", "7")
    code, told = refused(tmp_path, *asked, stderr=Interrupting())
    assert (code, told) == (130, "Interrupted; the command goes on where it stopped")
    assert 0 < Digest.objects.count() < 10

    said = seed(tmp_path)  # the dataset knows its days and its seed

    assert [line.partition(" (")[0] for line in said[:5]] == [
        f"{key}: 2 digests" for key in ("city", "money", "science", "sport", "culture")
    ]
    assert said[5].endswith(f" were there; {tmp_path / 'channel_counts.json'}")
    counts = json.loads((tmp_path / "channel_counts.json").read_text())
    assert (counts["seed"], counts["last_day"]) == (7, UNTIL)
    assert (Digest.objects.count(), ReviewReport.objects.count()) == (10, 10)
    assert set(Digest.objects.values_list("provider", flat=True)) == {"offline"}

    before = (tmp_path / "channel_counts.json").read_bytes()
    assert seed(tmp_path)[5].startswith("0 digests written, 10 were there")
    assert (tmp_path / "channel_counts.json").read_bytes() == before

    assert refused(tmp_path, "--seed", "8") == (
        1,
        "there is a dataset already, with seed 7, not 8; --replace deletes it",
    )
    seed(tmp_path, "--replace", "--seed", "8", "--days", "1", "--until", UNTIL)
    assert (BenchmarkDataset.objects.get().seed, Digest.objects.count()) == (8, 5)


@pytest.mark.usefixtures("_no_model")
def test_days_that_fail_are_named_and_the_gaps_of_a_real_channel_are_filled(tmp_path: Path) -> None:
    real = ChannelFactory.create()
    errors = io.StringIO()

    code, told = refused(
        tmp_path, "--days", "1", "--until", UNTIL, "--channel", real.channel_id, "--model", "openai_compatible:m",
        stderr=errors,
    )  # fmt: skip

    assert (code, told) == (
        1,
        "5 days failed; fewer than 1 digests, or reviews: city, money, science, sport, culture",
    )
    told_of = [
        line for line in errors.getvalue().splitlines() if not line.startswith("days: ")
    ]  # how far it is
    assert told_of[0] == f"city {UNTIL}: unavailable"
    assert seed(tmp_path)[0].startswith("city: 1 digests (1 synthetic)")
    assert Channel.objects.get(key="city").channel_id == real.channel_id


def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path, settings: Any) -> None:
    today = datetime.now(UTC).date()
    tomorrow = today + timedelta(days=1)  # and not over either should it be midnight now

    assert refused(tmp_path, "--until", tomorrow.isoformat()) == (
        2,
        f"--until {tomorrow} is not over yet (UTC)",
    )
    assert refused(tmp_path, "--until", "2020-01-10")[0] == 2
    assert refused(tmp_path, "--model", "nobody")[0] == 1
    assert refused(tmp_path, "--channel", "-1009")[1] == "there is no channel -1009"
    settings.POST_TTL_DAYS = 20
    assert "raise POST_TTL_DAYS" in refused(tmp_path, "--until", (today - timedelta(days=1)).isoformat())[1]
    assert not Digest.objects.exists()


def test_a_day_can_be_made_up_as_soon_as_it_is_over() -> None:
    day = date(2026, 3, 10)
    wanted = Wanted(last_day=day, days=1, seed=7)

    ensure_possible(wanted, today=day + timedelta(days=1))
    with pytest.raises(CommandError, match="not over yet"):
        ensure_possible(wanted, today=day)
