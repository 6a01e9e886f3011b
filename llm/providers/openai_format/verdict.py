"""What a refusal means, whichever way it came: by HTTP status, or as an error inside an answer.

The codes are those of OpenAI's API reference ("Error codes"), of Mistral's error glossary and of DeepSeek's
("Error Codes"); the wordings for a prompt that is too long are those of vLLM, llama.cpp, Ollama, LM Studio and Mistral,
which give it no code of its own. A model that is not there is 404 almost everywhere, but 400 and words alone at
Mistral, DeepSeek and OpenRouter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from llm.errors import (
    AnswerRefused,
    AuthenticationRejected,
    ContextTooLong,
    LLMError,
    ModelNotFound,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Unavailable,
)

TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error"}
TOO_LONG_WORDS = re.compile(
    r"(?:context|prompt)[ _](?:length|size|window|limit)|maximum context|prompt is too long", re.I
)
NO_MODEL_CODES = {"model_not_found", "invalid_model", "unknown_model"}
NO_MODEL_WORDS = re.compile(r"model not exist|invalid model|not a valid model", re.I)
NAMES_MODEL = re.compile(r"\bmodels?\b", re.I)
REFUSED_CODES = {"content_filter", "content_policy_violation"}
NO_QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
NO_QUOTA_WORDS = re.compile(r"insufficient (?:balance|credits?|quota)|exceeded your current quota", re.I)
RATE_CODES = {"rate_limit_exceeded", "rate_limit_error"}
# A vendor's own word is kept only where it cannot be anything else: no capital, no digit beside letters, as a key has.
SAFE_CODE = re.compile(r"[a-z]{2,20}(?:_[a-z]{1,20}){0,6}|\d{1,5}")

UNAUTHORISED, PAYMENT_REQUIRED, FORBIDDEN, NOT_FOUND = 401, 402, 403, 404
TOO_LARGE, TOO_MANY_REQUESTS = 413, 429
REFUSING_KEY = {UNAUTHORISED, FORBIDDEN}
MAY_LACK_QUOTA = {PAYMENT_REQUIRED, FORBIDDEN, TOO_MANY_REQUESTS}
TEMPORARY_STATUSES = {408, 409, 425}
FIRST_CLIENT_ERROR, FIRST_SERVER_ERROR = 400, 500
ERROR_STATUS = re.compile(r"[45]\d\d")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a vendor said; `names` are its `code` and `type`, `wording` everything in which words may be found."""

    status: int
    names: tuple[str, ...]
    wording: str
    is_object: bool = True
    retry_after_s: float | None = None

    @property
    def cause(self) -> str:
        code = self.names[0] if self.names and SAFE_CODE.fullmatch(self.names[0]) else ""
        return f"status {self.status} {code}".rstrip()

    def is_named(self, codes: set[str]) -> bool:
        return not codes.isdisjoint(self.names)


def judge(refusal: Refusal, *, provider: str) -> LLMError:
    """Return our error for a refusal; nothing of the vendor's wording is kept."""
    status, cause = refusal.status, refusal.cause
    if refusal.is_named(REFUSED_CODES):
        return AnswerRefused(cause, provider=provider)
    if _lacks_quota(refusal):
        return QuotaExhausted(cause, provider=provider)
    if status in REFUSING_KEY:
        return AuthenticationRejected(cause, provider=provider)
    if status == TOO_MANY_REQUESTS:
        return RateLimited(cause, provider=provider, retry_after_s=refusal.retry_after_s)
    if status >= FIRST_SERVER_ERROR or status in TEMPORARY_STATUSES:
        return Unavailable(cause, provider=provider)
    return _judge_request(refusal, provider=provider)


def judge_error_object(error: object, *, provider: str) -> LLMError:
    """Return our error for an error object inside an answer of status 200, such as OpenRouter and vLLM send.

    It has a status of its own as `code`, or is known by its name; otherwise the server broke down at its work.
    """
    fields = error if isinstance(error, dict) else {}
    names = tuple(str(fields[name]) for name in ("code", "type") if fields.get(name) is not None)
    refusal = Refusal(_status_within(names), names, str(error))
    return judge(refusal, provider=provider)


def _status_within(names: tuple[str, ...]) -> int:
    if told := next(filter(ERROR_STATUS.fullmatch, names), ""):
        return int(told)
    if not RATE_CODES.isdisjoint(names):
        return TOO_MANY_REQUESTS
    return FIRST_CLIENT_ERROR if not TOO_LONG_CODES.isdisjoint(names) else FIRST_SERVER_ERROR


def _lacks_quota(refusal: Refusal) -> bool:
    if refusal.status == PAYMENT_REQUIRED or refusal.is_named(NO_QUOTA_CODES):
        return True
    return refusal.status in MAY_LACK_QUOTA and bool(NO_QUOTA_WORDS.search(refusal.wording))


def _judge_request(refusal: Refusal, *, provider: str) -> LLMError:
    is_too_long = refusal.is_named(TOO_LONG_CODES) or TOO_LONG_WORDS.search(refusal.wording)
    if is_too_long or refusal.status == TOO_LARGE:
        return ContextTooLong(refusal.cause, provider=provider)
    return (ModelNotFound if _lacks_model(refusal) else Rejected)(refusal.cause, provider=provider)


def _lacks_model(refusal: Refusal) -> bool:
    """Tell a model that is not there from a path that is not: only the former's answer speaks of a model."""
    if refusal.is_named(NO_MODEL_CODES):
        return True
    words = NAMES_MODEL if refusal.status == NOT_FOUND else NO_MODEL_WORDS
    return refusal.is_object and bool(words.search(refusal.wording))
