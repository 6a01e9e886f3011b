"""Times as people say them: «3 дня назад», «через 87 дней»."""

from __future__ import annotations

from datetime import date, timedelta

from babel.dates import format_date, format_timedelta

NEVER = float("inf")  # the threshold to a larger unit than days: «87 дней», not «3 месяца»
DAY = timedelta(days=1)


def say_age(age: timedelta, *, language: str) -> str:
    return _say(-abs(age), language)


def say_expiry(left: timedelta, *, language: str) -> str:
    return _say(abs(left), language)


def say_date(day: date, *, language: str) -> str:
    return format_date(day, format="long", locale=language)


def _say(distance: timedelta, language: str) -> str:
    """In days, in hours or minutes within a day."""
    if abs(distance) >= DAY:
        return format_timedelta(
            distance, granularity="day", threshold=NEVER, add_direction=True, locale=language
        )
    return format_timedelta(distance, granularity="minute", add_direction=True, locale=language)
