"""Token usage where the vendor reports none."""

from __future__ import annotations

from llm.prompt import Prompt
from llm.providers.base import Usage
from llm.tokens import estimate_tokens

MESSAGE_TOKENS = 4  # role and delimiters that a chat template puts around each message


def estimate_prompt_tokens(prompt: Prompt, *, model: str = "") -> int:
    """Estimate what a prompt costs, its chat template included; the error is that of `estimate_tokens`."""
    messages = prompt.as_chat_messages()
    return sum(MESSAGE_TOKENS + estimate_tokens(message["content"], model=model) for message in messages)


def estimate_usage(prompt: Prompt, answer: str, *, model: str = "") -> Usage:
    return Usage(
        estimate_prompt_tokens(prompt, model=model), estimate_tokens(answer, model=model), is_estimated=True
    )
