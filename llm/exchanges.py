"""What asking models cost, call by call: recorded, summed up, erased. Never a word of what was said."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from django.db.models import F, Sum

from llm.chain import ExchangeRecord
from llm.models import Exchange
from llm.prompt import Purpose


def record_exchange(record: ExchangeRecord) -> None:
    """Keep one call."""
    Exchange.objects.create(**asdict(record))


def sum_tokens(user_id: str, *, since: datetime, purpose: Purpose = Purpose.REPLY) -> int:
    """Return how many tokens somebody has used, prompts and answers."""
    used = Exchange.objects.filter(user_id=user_id, created_at__gte=since, purpose=purpose)
    total = used.aggregate(total=Sum(F("prompt_tokens") + F("completion_tokens")))["total"]
    return int(total or 0)


def erase_exchanges(user_id: str) -> None:
    """Delete what is kept of somebody's exchanges."""
    Exchange.objects.filter(user_id=user_id).delete()
