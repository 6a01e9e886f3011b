"""The `google-genai` SDK's errors and those of the HTTP library under it, translated into ours.

Source: https://ai.google.dev/gemini-api/docs/generate-content/api-errors and the details of
https://cloud.google.com/apis/design/errors (`ErrorInfo`, `QuotaFailure`, `RetryInfo`).
"""

from __future__ import annotations

import re
from typing import Any

import httpx2
from google.genai.errors import APIError

from llm.errors import (
    AuthenticationRejected,
    BadAnswer,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    QuotaExhausted,
    RateLimited,
    Rejected,
    TimedOut,
    Unavailable,
)
from llm.retry_after import read_retry_after

# The SDK trusts what it reads: an answer of another shape than it expects ends in one of Python's own errors.
MALFORMED = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
SDK_ERRORS = (APIError, httpx2.HTTPError, httpx2.StreamError, *MALFORMED)

TOO_LONG_WORDS = re.compile(
    r"token count.{0,40}exceeds|exceeds the maximum number of tokens|context length", re.I
)
# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto; no other word of the vendor is repeated.
KNOWN_STATUSES = {
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "UNAUTHENTICATED",
}
DAILY_QUOTA = "PerDay"
BAD_REQUEST, NO_CREDIT, NOT_FOUND, TOO_MANY_REQUESTS, DEADLINE_EXCEEDED = 400, 402, 404, 429, 504
KEY_STATUSES = {401, 403}
TEMPORARY_STATUSES = {408, 409, 499}
FIRST_SERVER_ERROR = 500


def translate_error(error: Exception, *, provider: str, has_begun: bool = False) -> LLMError:
    """Return our error for one of `SDK_ERRORS`; nothing of the vendor's wording is kept.

    `has_begun`: a part of the answer is here, so what broke is the answer and not the way to it.
    """
    _let_go(error)
    if isinstance(error, APIError):
        return _translate_status(error, provider=provider)
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Unavailable("no connection in time", provider=provider)
    if isinstance(error, httpx2.TimeoutException):
        return TimedOut("no answer in time", provider=provider)
    if isinstance(error, MALFORMED):
        return BadAnswer("the answer is malformed", provider=provider)
    if has_begun:
        return BadAnswer(f"the answer broke off ({type(error).__name__})", provider=provider)
    return Unavailable("no connection", provider=provider)


def _let_go(error: BaseException) -> None:
    """Part an error from where it was raised: the SDK keeps both in a cycle, and with them prompt and media."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__context__


def _translate_status(error: APIError, *, provider: str) -> LLMError:
    # An error inside a stream brings a code of its own, which may be anything.
    code = error.code if isinstance(error.code, int) else FIRST_SERVER_ERROR
    cause = f"status {code} {error.status if str(error.status) in KNOWN_STATUSES else ''}".rstrip()
    if code == NO_CREDIT or (code == TOO_MANY_REQUESTS and _is_daily(error)):
        return QuotaExhausted(cause, provider=provider)
    if code == TOO_MANY_REQUESTS:
        return RateLimited(cause, provider=provider, retry_after_s=_retry_after_s(error))
    if code == DEADLINE_EXCEEDED:  # the question was too much for the vendor's own patience
        return TimedOut(cause, provider=provider)
    if code >= FIRST_SERVER_ERROR or code in TEMPORARY_STATUSES:
        return Unavailable(cause, provider=provider)
    return _kind_of_refusal(error)(cause, provider=provider)


def _kind_of_refusal(error: APIError) -> type[Rejected]:
    if error.code in KEY_STATUSES or _concerns_key(error):
        return AuthenticationRejected
    if error.code == NOT_FOUND and error.status == "NOT_FOUND":  # else the address is wrong, not the model
        return ModelNotFound
    if error.code == BAD_REQUEST and TOO_LONG_WORDS.search(str(error.message)):
        return ContextTooLong
    return Rejected


def _concerns_key(error: APIError) -> bool:
    """Tell a wrong key, which is 400 here, and an account that may not ask, such as one of another country."""
    if error.code != BAD_REQUEST:
        return False
    reasons = [detail.get("reason") for detail in _details(error)]
    return "API_KEY_INVALID" in reasons or error.status == "FAILED_PRECONDITION"


def _is_daily(error: APIError) -> bool:
    violations = [detail.get("violations") for detail in _details(error)]
    return any(DAILY_QUOTA in str(listed) for listed in violations)


def _retry_after_s(error: APIError) -> float | None:
    """Return the wait that `RetryInfo` asks for ("45.5s"), else the header's, in seconds."""
    delays = [str(detail["retryDelay"]) for detail in _details(error) if "retryDelay" in detail]
    headers = getattr(error.response, "headers", None) or {}
    return read_retry_after(delays[0].removesuffix("s") if delays else headers.get("retry-after", ""))


def _details(error: APIError) -> list[dict[str, Any]]:
    body = error.details if isinstance(error.details, dict) else {}
    described = body.get("error")
    listed = described.get("details") if isinstance(described, dict) else None
    return [detail for detail in listed if isinstance(detail, dict)] if isinstance(listed, list) else []
