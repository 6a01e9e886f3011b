"""How many tokens a prompt may have: what the house allows, and what the model that is asked can take."""

from __future__ import annotations

from django.conf import settings

from llm.route import Candidate

# Of the budget, for a prompt that a model has found too long: whatever the estimate's error, half of it is less.
SHORTENED_SHARE = 2
# Of its context, what a model needs for its answer where LLM_MAX_ANSWER_TOKENS would leave no room for a prompt.
ANSWER_SHARE = 2


def find_budget(candidate: Candidate, *, is_shortened: bool = False) -> int:
    """Return the tokens that a prompt for this model may have, as they are estimated."""
    context_tokens = candidate.capabilities.context_tokens
    answer_tokens = min(int(settings.LLM_MAX_ANSWER_TOKENS), context_tokens // ANSWER_SHARE)
    budget = min(int(settings.PROMPT_BUDGET_TOKENS), context_tokens - answer_tokens)
    return budget // SHORTENED_SHARE if is_shortened else budget
