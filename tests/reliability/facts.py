"""What must be true after every fault: one answer a message, one pair a message, in order."""

from __future__ import annotations

from tests.harness.llm_wire import default_answer
from tests.harness.stack import Stack


def read_memory(stack: Stack, chat_id: int) -> list[tuple[str, str]]:
    """Return (role, content) of the person's events, in order."""
    events = (
        stack.database().user_memory.find({"user_id": str(chat_id)}).sort([("created_at", 1), ("_id", 1)])
    )
    return [(event["role"], event["content"]) for event in events]


def pairs(*exchanges: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the memory that (question, answer) exchanges leave."""
    return [event for asked, said in exchanges for event in (("user", asked), ("assistant", said))]


def assert_answered_once(stack: Stack, chat_id: int, *questions: str) -> None:
    """Assert that the chat holds the usual answer to each question, once and in order, and so does the memory."""
    answers = [default_answer(question, words=0) for question in questions]
    assert stack.telegram.answers(chat_id) == answers
    assert read_memory(stack, chat_id) == pairs(*zip(questions, answers, strict=True))
