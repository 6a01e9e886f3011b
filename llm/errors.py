"""What can go wrong with a language model.

    LLMError
    ├── Unavailable                 no connection, 5xx                     transient
    │   └── TimedOut                a connection, but no answer in time; asking again takes as long
    ├── RateLimited                 429; `retry_after_s` if told           transient
    ├── Rejected                    400, 404, 422: the same call fails again
    │   ├── AuthenticationRejected  401, 403: the key is wrong or not allowed
    │   ├── QuotaExhausted          402, 429 for want of money: nothing is paid for (any more)
    │   ├── ModelNotFound           there is no such model (any more); another one may answer
    │   └── ContextTooLong          the prompt does not fit; shorten it and try again
    └── BadAnswer                   empty, malformed, cut in the middle    transient
        └── AnswerRefused           withheld by the vendor's safety filter

Vendor errors are translated into these once, in the vendor's file. A message names the provider and
the cause; it never carries the conversation, the vendor's own wording or a key.
"""

from __future__ import annotations

from typing import ClassVar


class LLMError(Exception):
    """Root of the tree.

    `is_transient` says whether the same call may succeed later; `outcome` is the value of the metric label.
    """

    is_transient: ClassVar[bool] = False
    outcome: ClassVar[str] = "error"

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider


class Unavailable(LLMError):
    is_transient = True
    outcome = "unavailable"


class TimedOut(Unavailable):
    outcome = "timed_out"


class RateLimited(LLMError):
    """Too many requests; `retry_after_s` is what the vendor asked to wait, `None` if it did not say."""

    is_transient = True
    outcome = "rate_limited"

    def __init__(self, message: str, *, provider: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, provider=provider)
        self.retry_after_s = retry_after_s


class Rejected(LLMError):
    outcome = "rejected"


class AuthenticationRejected(Rejected):
    outcome = "authentication_rejected"


class QuotaExhausted(Rejected):
    outcome = "quota_exhausted"


class ModelNotFound(Rejected):
    outcome = "model_not_found"


class ContextTooLong(Rejected):
    outcome = "context_too_long"


class BadAnswer(LLMError):
    is_transient = True
    outcome = "bad_answer"


class AnswerRefused(BadAnswer):
    is_transient = False
    outcome = "refused"
