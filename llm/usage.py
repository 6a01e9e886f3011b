"""Token usage where the vendor reports none."""

from __future__ import annotations

from typing import TypeGuard

from llm.prompt import ChatMessage, Prompt
from llm.providers.base import Usage
from llm.tokens import estimate_tokens

MOST_TOKENS = 2**31 - 1  # of one call: what a vendor says of itself must not upset the sums
MESSAGE_TOKENS = 4  # role and delimiters that a chat template puts around each message


def estimate_prompt_tokens(prompt: Prompt, *, model: str = "") -> int:
    """Estimate what a prompt costs, its media and its chat template included.

    The error is that of `estimate_tokens`; what media cost is said beside `llm.prompt.IMAGE_TOKENS`.
    """
    words = sum(_estimate_message(message, model=model) for message in prompt.as_chat_messages())
    return words + _estimate_media(prompt)


def read_usage(prompt_tokens: object, completion_tokens: object) -> Usage | None:
    """Return a vendor's own count, None if it is none that can be summed up."""
    if not (_is_count(prompt_tokens) and _is_count(completion_tokens)):
        return None
    return Usage(prompt_tokens, completion_tokens, is_estimated=False)


def estimate_usage(prompt: Prompt, answer: str, *, model: str = "") -> Usage:
    return Usage(
        estimate_prompt_tokens(prompt, model=model), estimate_tokens(answer, model=model), is_estimated=True
    )


def _is_count(tokens: object) -> TypeGuard[int]:
    return isinstance(tokens, int) and 0 <= tokens <= MOST_TOKENS


def _estimate_message(message: ChatMessage, *, model: str) -> int:
    content = message["content"]
    text = content if isinstance(content, str) else content[0]["text"]
    return MESSAGE_TOKENS + estimate_tokens(text, model=model)


def _estimate_media(prompt: Prompt) -> int:
    if prompt.is_transcript:  # whose turns are rendered as text
        return 0
    return sum(media.tokens for turn in prompt.turns for media in turn.media)
