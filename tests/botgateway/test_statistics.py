"""The house in figures: what models were asked today, by everybody together."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from botgateway.domain.statistics import collect_statistics
from botgateway.models import InboxUpdate
from llm.exchanges import DailyUse, begin_day
from llm.models import Exchange
from tests.harness.days import find_quiet_zone

pytestmark = pytest.mark.django_db


def test_use_is_that_of_everybody_since_midnight(settings: Any) -> None:
    settings.TIME_ZONE = find_quiet_zone()
    asking = InboxUpdate(update_id=1)
    today = begin_day()
    nothing = DailyUse(day=today.date(), exchanges=0, failures=0, tokens=0)
    assert collect_statistics(asking=asking).use == nothing

    for user_id, outcome, at in (
        ("42", "ok", timezone.now()),
        ("43", "unavailable", today),
        ("42", "ok", today - timedelta(seconds=1)),
    ):
        Exchange.objects.create(
            user_id=user_id,
            provider="vendor",
            purpose="reply",
            outcome=outcome,
            prompt_tokens=100,
            completion_tokens=20,
            created_at=at,
        )

    assert collect_statistics(asking=asking).use == DailyUse(
        day=today.date(), exchanges=2, failures=1, tokens=240
    )
