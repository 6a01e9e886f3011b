"""The `openai` SDK's errors and those of the HTTP library under it, translated into ours.

The codes are those of OpenAI's API reference ("Error codes"); the wordings for a prompt that is too long
are those of vLLM, llama.cpp and Ollama, which give it no code of its own. A model that is not there is 404
almost everywhere, but 400 and words alone at Mistral, DeepSeek and OpenRouter.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai

from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    BadAnswer,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    RateLimited,
    Rejected,
    Unavailable,
)

SDK_ERRORS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError)

TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error"}
TOO_LONG_WORDS = re.compile(
    r"(?:context|prompt)[ _](?:length|size|window)|maximum context|prompt is too long", re.I
)
NO_MODEL_CODES = {"model_not_found", "invalid_model"}
NO_MODEL_WORDS = re.compile(r"model not exist|invalid model|not a valid model", re.I)
NAMES_MODEL = re.compile(r"\bmodels?\b", re.I)
REFUSED_CODES = {"content_filter", "content_policy_violation"}
SAFE_CODE = re.compile(r"[a-z0-9_.-]{1,64}", re.I)

NOT_FOUND, TOO_MANY_REQUESTS = 404, 429
TEMPORARY_STATUSES = {408, 409, 425}
FIRST_SERVER_ERROR = 500


def translate_error(error: Exception, *, provider: str) -> LLMError:
    """Return our error for one of `SDK_ERRORS`; nothing of the vendor's wording is kept."""
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error, provider=provider)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return Unavailable("no answer in time", provider=provider)
    if isinstance(error, openai.APIConnectionError | httpx2.ConnectError):
        return Unavailable("no connection", provider=provider)
    return BadAnswer(f"the answer broke off ({type(error).__name__})", provider=provider)


def refuses_usage(error: openai.APIStatusError) -> bool:
    """Whether a server refused the request for asking the usage of a stream."""
    return error.status_code in (400, 422) and "stream_options" in _wording(error)


def _translate_status(error: openai.APIStatusError, *, provider: str) -> LLMError:
    status = error.status_code
    cause = _describe(error)
    if status in (401, 403):
        return AuthenticationRejected(cause, provider=provider)
    if status == TOO_MANY_REQUESTS:
        return RateLimited(cause, provider=provider, retry_after_s=retry_after_s(error.response.headers))
    if status >= FIRST_SERVER_ERROR or status in TEMPORARY_STATUSES:
        return Unavailable(cause, provider=provider)
    return _translate_refusal(error, cause, provider=provider)


def _translate_refusal(error: openai.APIStatusError, cause: str, *, provider: str) -> LLMError:
    if error.code in REFUSED_CODES:
        return AnswerRefused(cause, provider=provider)
    if error.code in TOO_LONG_CODES or error.type in TOO_LONG_CODES or TOO_LONG_WORDS.search(_wording(error)):
        return ContextTooLong(cause, provider=provider)
    return (ModelNotFound if _lacks_model(error) else Rejected)(cause, provider=provider)


def _lacks_model(error: openai.APIStatusError) -> bool:
    """Tell a model that is not there from a path that is not: only the former's answer speaks of a model."""
    if error.code in NO_MODEL_CODES or error.type in NO_MODEL_CODES:
        return True
    words = NAMES_MODEL if error.status_code == NOT_FOUND else NO_MODEL_WORDS
    return isinstance(error.body, dict) and bool(words.search(_wording(error)))


def retry_after_s(headers: httpx2.Headers) -> float | None:
    """Read `Retry-After` (RFC 9110, 10.2.3: seconds or a date) as seconds from now, `None` if unusable."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(http_date: str) -> float | None:
    try:
        at = parsedate_to_datetime(http_date)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _describe(error: openai.APIStatusError) -> str:
    code = error.code if isinstance(error.code, str) and SAFE_CODE.fullmatch(error.code) else ""
    return f"status {error.status_code} {code}".rstrip()


def _wording(error: openai.APIStatusError) -> str:
    return f"{error.message} {error.body}"
