"""What somebody hears who has asked enough for now: once, then nothing until it matters again."""

from __future__ import annotations

from datetime import datetime

from botgateway import metrics
from botgateway.domain.limits import Refusal
from botgateway.domain.updates import ButtonPress
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.zones import say_zone
from botgateway.wording.limits import LimitsPhrase


def handle_refused_by_limits(conversation: Conversation, *, refusal: Refusal) -> Handled:
    """Tell why the question is not answered, unless the person knows; a press is told each time, by a toast."""
    handled = _tell(conversation, refusal)
    metrics.LIMITED_QUESTIONS.labels("budget" if refusal.is_budget else "rate").inc()
    return handled


def _tell(conversation: Conversation, refusal: Refusal) -> Handled:
    phrase, slots = LimitsPhrase.TOO_FAST, {}
    if refusal.is_budget:
        phrase, slots = LimitsPhrase.DAY_SPENT, _renewal_slots(conversation, refusal.retry_at)
    if isinstance(conversation.incoming, ButtonPress):
        return Handled(message_ids=[], toast=conversation.say_plain(phrase, **slots))
    if refusal.is_told:
        return Handled(message_ids=[])
    return answer_with(conversation, phrase, **slots)


def _renewal_slots(conversation: Conversation, renewal: datetime) -> dict[str, str]:
    return {"time": f"{renewal:%H:%M}", "zone": say_zone(renewal, conversation.language)}
