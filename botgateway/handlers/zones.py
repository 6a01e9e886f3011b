"""Moments as people say them whose time zone may be another one."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from botgateway.wording.limits import LimitsPhrase
from botgateway.wording.phrase import say_plain
from digests.domain.calendar import read_zone
from digests.models import Subscription

MOSCOW = "Europe/Moscow"
OFFSET = slice(-6, None)  # of an ISO 8601 time: +05:30


def say_zone(at: datetime, language: str) -> str:
    """Return what is said after a time of day: «по московскому времени»."""
    if str(at.tzinfo) == MOSCOW:
        return say_plain(LimitsPhrase.MOSCOW_TIME, language=language)
    return say_plain(LimitsPhrase.OTHER_TIME, language=language, offset=f"UTC{at.isoformat()[OFFSET]}")


def say_hour(subscription: Subscription, language: str) -> dict[str, str]:
    """Return a subscription's `hour` and `zone` for the slots of a phrase."""
    now = timezone.now().astimezone(read_zone(subscription.time_zone))
    return {"hour": f"{subscription.hour}:00", "zone": say_zone(now, language)}
