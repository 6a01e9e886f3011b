"""Pair answers with questions, by what stands in the sandbox's chats in the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.benchmarks.figures import Accounting
from tests.benchmarks.questions import Question
from tests.harness.telegram import SandboxClient

MARKER = re.compile(r"\[[0-9a-f]{12}\]")


@dataclass(slots=True)
class Exchange:
    """A question and its answer; times are Unix seconds by the sandbox's clock.

    `answered_at` is when the final text was accepted: the last edit, or the message if it was sent once.
    """

    question: Question
    created_at: float
    answered_at: float

    @property
    def seconds(self) -> float:
        return self.answered_at - self.created_at


def collect(client: SandboxClient, questions: Iterable[Question]) -> tuple[list[Exchange], Accounting]:
    """Return the exchanges in order of chats and questions, and the account of all messages."""
    by_chat: dict[int, list[Question]] = {}
    for question in questions:
        by_chat.setdefault(question.chat_id, []).append(question)
    exchanges: list[Exchange] = []
    account = Accounting()
    for chat_id, asked in by_chat.items():
        messages = client.get(f"chats/{chat_id}/messages", revisions=0)["messages"]
        exchanges += _pair(asked, sorted(messages, key=lambda message: message["message_id"]), account)
    return exchanges, account


def _pair(
    asked: Sequence[Question], messages: Sequence[dict[str, Any]], account: Accounting
) -> list[Exchange]:
    by_text = {question.text: question for question in asked}
    said = [message for message in messages if not message["from_bot"] and message["text"] in by_text]
    markers = [by_text[message["text"]].marker for message in said]
    answers, unexpected = _sort_answers(messages, known=set(markers))
    exchanges = []
    for message, marker in zip(said, markers, strict=True):
        if marker not in answers:
            continue
        answer, question = answers[marker][0], by_text[message["text"]]
        exchanges.append(Exchange(question, message["sent_at"], answer["edited_at"] or answer["sent_at"]))
        account.damaged += answer["text"] != question.answer
    account.asked += len(asked)
    account.answered += len(exchanges)
    account.lost += len(asked) - len(exchanges)
    account.doubled += sum(len(found) - 1 for found in answers.values())
    account.reordered += _count_inversions([markers.index(marker) for marker in answers])
    account.unexpected += unexpected
    return exchanges


def _sort_answers(
    messages: Sequence[dict[str, Any]], *, known: set[str]
) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Return the bot's messages by the marker of their question, in order, and the number of those without one."""
    answers: dict[str, list[dict[str, Any]]] = {}
    unexpected = 0
    for message in messages:
        if not message["from_bot"]:
            continue
        marker = MARKER.match(message["text"])
        if marker is None:
            unexpected += 1
        elif marker[0] in known:
            answers.setdefault(marker[0], []).append(message)
    return answers, unexpected


def _count_inversions(places: Sequence[int]) -> int:
    return sum(1 for before, after in pairwise(places) if after < before)


def added_seconds(exchanges: Iterable[Exchange], model_seconds: dict[str, float]) -> list[float]:
    """Return the latencies less the model's own time for the very request."""
    return [exchange.seconds - model_seconds.get(exchange.question.marker, 0.0) for exchange in exchanges]


def lag_seconds(exchanges: Iterable[Exchange]) -> list[float]:
    """Return how much later than scheduled each message was in the sandbox."""
    return [exchange.created_at - exchange.question.due_at for exchange in exchanges]
