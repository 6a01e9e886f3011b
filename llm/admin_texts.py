"""How calls to models end, in the words of the admin site. What is kept and filtered by is the code."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from llm import errors
from llm.metrics import OUTCOME_CRASHED, OUTCOME_OK, OUTCOME_STOPPED

OUTCOMES: dict[str, Promise] = {
    OUTCOME_OK: _("answer given"),
    OUTCOME_STOPPED: _("stopped before its end"),
    errors.Unavailable.outcome: _("the provider cannot be reached"),
    errors.TimedOut.outcome: _("no answer in time"),
    errors.RateLimited.outcome: _("the provider asks for fewer requests"),
    errors.Rejected.outcome: _("the provider refuses the request"),
    errors.AuthenticationRejected.outcome: _("the provider does not accept the key"),
    errors.QuotaExhausted.outcome: _("the provider's quota is used up"),
    errors.ModelNotFound.outcome: _("the provider has no such model"),
    errors.ContextTooLong.outcome: _("the prompt does not fit into the model"),
    errors.BadAnswer.outcome: _("the answer is empty or broken off"),
    errors.AnswerRefused.outcome: _("the provider's filter withheld the answer"),
    errors.LLMError.outcome: _("failed for an unknown reason"),
    OUTCOME_CRASHED: _("an error of Butler's own"),
}


def describe_outcome(code: str) -> str:
    """Return the words for an outcome or a failure; a code that nobody has put into words stays as it is."""
    return str(OUTCOMES.get(code, code))
