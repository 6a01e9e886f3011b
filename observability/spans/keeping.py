"""How long spans are kept."""

from __future__ import annotations

from django.conf import settings

from mongo_indexes import set_expiry
from observability.models import TTL_INDEX, TracePart

DAY_S = 86_400


def apply_ttl() -> None:
    """Make the server expire spans after SPAN_TTL_DAYS, if the index says otherwise."""
    set_expiry(TracePart, index=TTL_INDEX, expire_after_s=settings.SPAN_TTL_DAYS * DAY_S)
