"""Why there is no digest or no verdict, in the words of the admin site. What is kept is the code."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from llm.admin_texts import describe_outcome

FAULTS = {
    "no_statement": _("no statement that cites a post"),
    "language": _("not in Russian"),
    "no JSON object": _("the answer has no JSON object"),
    "the object is not JSON": _("the answer's object is no JSON"),
}
MISSHAPEN = ": not as asked for ("  # as `domain.review_answer` has it, after the place and before the rule


def describe_fault(fault: str) -> str:
    """Return the words for why a digest or a review has failed."""
    place, is_misshapen, rule = fault.partition(MISSHAPEN)
    if is_misshapen:
        told = gettext("not as asked for: %(place)s (%(rule)s)")
        return told % {"place": place, "rule": rule.removesuffix(")")}
    return str(FAULTS.get(fault) or describe_outcome(fault))
