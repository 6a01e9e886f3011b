"""How much a person may ask: so many questions a minute, so many tokens a day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`retry_after_s` is when to ask again; `is_told` says that the person has heard it already."""

    is_budget: bool
    retry_after_s: float
    is_told: bool = False


def admit(user_id: str, *, question_key: str) -> Refusal | None:
    """Count a question, once however often it is asked about; return why it is refused, None if it is not."""
    return None


def spend_tokens(user_id: str, tokens: int) -> None:
    """Count what an answer cost towards the day's budget."""
