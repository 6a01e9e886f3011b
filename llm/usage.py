"""Token usage where the vendor reports none."""

from __future__ import annotations

from llm.prompt import IMAGE_TOKENS, ChatMessage, Prompt
from llm.providers.base import Usage
from llm.tokens import estimate_tokens

MESSAGE_TOKENS = 4  # role and delimiters that a chat template puts around each message


def estimate_prompt_tokens(prompt: Prompt, *, model: str = "") -> int:
    """Estimate what a prompt costs, its chat template included; the error is that of `estimate_tokens`."""
    return sum(_estimate_message(message, model=model) for message in prompt.as_chat_messages())


def estimate_usage(prompt: Prompt, answer: str, *, model: str = "") -> Usage:
    return Usage(
        estimate_prompt_tokens(prompt, model=model), estimate_tokens(answer, model=model), is_estimated=True
    )


def _estimate_message(message: ChatMessage, *, model: str) -> int:
    content = message["content"]
    if isinstance(content, str):
        return MESSAGE_TOKENS + estimate_tokens(content, model=model)
    text, *pictures = content
    return MESSAGE_TOKENS + estimate_tokens(text["text"], model=model) + IMAGE_TOKENS * len(pictures)
