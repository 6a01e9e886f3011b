"""The people: they write on schedule without waiting (open loop), or wait for each answer (closed loop)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.benchmarks.questions import Question

CONNECTIONS = 100
ANSWER_TIMEOUT_S = 60.0  # one that has not come by then ends the scenario
LARGEST_EVENT = 2**20
EVENT = b"data: "
FROM_BOT = b'"from_bot":true'


class People:
    """`async with People(sandbox_url) as people:` — the person's side of many chats at once."""

    def __init__(self, sandbox_url: str) -> None:
        self._url = f"{sandbox_url}/sandbox/api"
        self._awaited: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=timeout, read_bufsize=LARGEST_EVENT
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def offer(self, questions: Iterable[Question], *, per_second: float) -> None:
        """Write at a constant rate, each message at its time whatever became of those before it."""
        started_at, started = time.time(), time.monotonic()
        writing = []
        for number, question in enumerate(questions):
            offset_s = number / per_second
            question.due_at = started_at + offset_s
            await asyncio.sleep(started + offset_s - time.monotonic())
            writing.append(asyncio.create_task(self._write(question)))
        await asyncio.gather(*writing)

    async def write_at_once(self, questions: Iterable[Question]) -> None:
        await asyncio.gather(*(self._write(question) for question in questions))

    async def converse(self, questions: Sequence[Question]) -> None:
        """Let each chat write its next message when the last one has its whole answer.

        Raises `TimeoutError` if one does not come within a minute.
        """
        async with self._session.get(f"{self._url}/events") as events:
            await events.content.readline()
            in_order = sorted(questions, key=lambda question: question.chat_id)
            chats = [list(chat) for _, chat in groupby(in_order, key=lambda question: question.chat_id)]
            talking: asyncio.Future[Any] = asyncio.gather(*(self._talk(chat) for chat in chats))
            listening: asyncio.Future[Any] = asyncio.create_task(self._listen(events))
            done, _ = await asyncio.wait({talking, listening}, return_when=asyncio.FIRST_COMPLETED)
            listening.cancel()
            if talking not in done:
                talking.cancel()
                raise ConnectionError("the sandbox ended the stream of events")
            await talking

    async def _talk(self, questions: Sequence[Question]) -> None:
        for question in questions:
            answered = self._awaited[question.answer] = asyncio.Event()
            question.due_at = time.time()
            await self._write(question)
            try:
                await asyncio.wait_for(answered.wait(), ANSWER_TIMEOUT_S)
            except TimeoutError:
                raise TimeoutError(
                    f"no whole answer within {ANSWER_TIMEOUT_S:g} s: {question.text}"
                ) from None
            del self._awaited[question.answer]

    async def _listen(self, events: aiohttp.ClientResponse) -> None:
        async for line in events.content:
            if not line.startswith(EVENT) or FROM_BOT not in line.replace(b": ", b":"):
                continue
            text = json.loads(line.removeprefix(EVENT))["message"]["text"]
            if awaited := self._awaited.get(text):
                awaited.set()

    async def _write(self, question: Question) -> None:
        body = {"chat_id": question.chat_id, "text": question.text}
        async with self._session.post(f"{self._url}/messages", json=body) as response:
            response.raise_for_status()
            await response.read()


def converse(sandbox_url: str, questions: Sequence[Question]) -> float:
    """Run a closed loop to its end; return how many seconds it took."""

    async def run() -> float:
        async with People(sandbox_url) as people:
            started = time.monotonic()
            await people.converse(questions)
            return time.monotonic() - started

    return asyncio.run(run())


def offer(sandbox_url: str, questions: Sequence[Question], *, per_second: float) -> None:
    """Run an open loop until everything is written; the answers may still be on their way."""

    async def run() -> None:
        async with People(sandbox_url) as people:
            await people.offer(questions, per_second=per_second)

    asyncio.run(run())
