"""What people write in the benchmark: short Russian sentences, each one of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tests.harness.llm_wire import answer_marker, default_answer

ANSWER_WORDS = 40
PHRASES = (
    "Какая сегодня погода?",
    "Напомните мне позвонить маме.",
    "Я учу Python.",
    "Посоветуйте книгу на вечер.",
    "Что у нас на ужин?",
    "Расскажите что-нибудь смешное.",
    "Как пройти в библиотеку?",
)


@dataclass
class Question:
    """One message to be written; `due_at` (Unix seconds) is when it should be, in an open loop."""

    chat_id: int
    text: str
    due_at: float = 0.0

    @cached_property
    def marker(self) -> str:
        """The mark by which the answer names this question."""
        return answer_marker(self.text)

    @cached_property
    def answer(self) -> str:
        """What the stand-in for the model answers."""
        return default_answer(self.text, words=ANSWER_WORDS)


def write_questions(chat_id: int, count: int, *, tag: str) -> list[Question]:
    """Return questions for one chat; `tag` keeps those of different phases apart."""
    return [
        Question(chat_id, f"{PHRASES[number % len(PHRASES)]} Вопрос {tag} {chat_id} {number}")
        for number in range(count)
    ]


def write_for_crowd(chat_ids: range, count: int, *, tag: str) -> list[Question]:
    """Return `count` questions for each chat, the chats taking turns."""
    by_chat = [write_questions(chat_id, count, tag=tag) for chat_id in chat_ids]
    return [question for turn in zip(*by_chat, strict=True) for question in turn]
