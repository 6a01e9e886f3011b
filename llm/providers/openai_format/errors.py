"""The `openai` SDK's errors and those of the HTTP library under it, translated into ours."""

from __future__ import annotations

import httpx2
import openai

from llm.errors import BadAnswer, LLMError, TimedOut, Unavailable
from llm.providers.openai_format.verdict import Refusal, judge
from llm.retry_after import read_retry_after

SDK_ERRORS = (openai.OpenAIError, httpx2.HTTPError, httpx2.StreamError)
NEVER_CONNECTED = (httpx2.ConnectTimeout, httpx2.PoolTimeout)

MILLISECONDS = 1000.0


def translate_error(error: Exception, *, provider: str) -> LLMError:
    """Return our error for one of `SDK_ERRORS`; nothing of the vendor's wording is kept."""
    if isinstance(error, openai.APIStatusError):
        return judge(refusal_of(error), provider=provider)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return _translate_timeout(error, provider=provider)
    if isinstance(error, openai.APIConnectionError | httpx2.ConnectError):
        return Unavailable("no connection", provider=provider)
    return BadAnswer(f"the answer broke off ({type(error).__name__})", provider=provider)


def refusal_of(error: openai.APIStatusError) -> Refusal:
    """Read what a vendor refused with; code and type may be anything that JSON can say."""
    return Refusal(
        status=error.status_code,
        names=tuple(str(name) for name in (error.code, error.type) if name is not None),
        wording=f"{error.message} {error.body}",
        is_object=isinstance(error.body, dict),
        retry_after_s=retry_after_s(error.response.headers),
    )


def retry_after_s(headers: httpx2.Headers) -> float | None:
    """Read how long a vendor wants to be left alone, as seconds from now; `retry-after-ms` is OpenAI's own."""
    milliseconds = read_retry_after(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / MILLISECONDS
    return read_retry_after(headers.get("retry-after", ""))


def _translate_timeout(error: Exception, *, provider: str) -> LLMError:
    cause = error if isinstance(error, httpx2.TimeoutException) else error.__cause__
    if isinstance(cause, NEVER_CONNECTED):
        return Unavailable("no connection in time", provider=provider)
    return TimedOut("no answer in time", provider=provider)
