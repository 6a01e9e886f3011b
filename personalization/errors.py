"""What can go wrong between a person and Butler.

ReplyError
├── MessageTooLong   the message alone does not fit into the prompt; asking again changes nothing
└── ReplyFailed      the model gave no answer; nothing was stored, the next message may work
"""

from __future__ import annotations


class ReplyError(Exception):
    """Root of the tree."""


class MessageTooLong(ReplyError):
    """The persona and the new message exceed the token budget, and neither may be shortened."""


class ReplyFailed(ReplyError):
    """The language model failed; `outcome` names how, as the metric label has it."""

    def __init__(self, outcome: str) -> None:
        super().__init__(f"no reply: {outcome}")
        self.outcome = outcome
