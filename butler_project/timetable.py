"""When beat does what, as the environment says it."""

from __future__ import annotations

from celery.schedules import ParseException, crontab
from django.core.exceptions import ImproperlyConfigured


def read_crontab(setting: str, expression: str) -> crontab:
    """Return the times that a cron expression names, in `TIME_ZONE`. Raises `ImproperlyConfigured` naming the setting.

    Celery's own reader wants single spaces, and is right about dates that never come.
    """
    try:
        return crontab.from_string(" ".join(expression.split()))
    except (ValueError, ParseException) as error:
        raise ImproperlyConfigured(
            f"{setting} is {expression!r}; it takes minute, hour, day, month and weekday (0 to 6), as in '0 4 * * *'."
        ) from error
