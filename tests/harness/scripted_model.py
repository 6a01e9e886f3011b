"""A stand-in for a language model, whatever wire it speaks: its script, its records and the bad endings.

A vendor's stand-in subclasses `ScriptedModel` and says how requests are read and answers written; it is served and
controlled by `tests.harness.standin_server`.

A behaviour is {"kind", "match", "times", "at", ...}: `match` restricts it to questions containing it, `times` is
how often it holds (default 1, 0 for ever), `at` is `chat` (default) or `models`. Kinds and their further fields:
    answer          text, thought (reasoning before it), finish (the vendor's word), split_bytes (the stream is
                    written in pieces of so many bytes)
    echo            pattern (everything in the whole prompt that it matches is the answer), text to begin with
    slow            text, delay_s (to the first token), chunk_s (between tokens; without it that of the settings,
                    which may be changed under way)
    held            text, once a test releases it; until then a stream goes on with empty chunks, which count as
                    progress, unless it is_silent as a whole answer always is, and as that of a wire without empty
                    chunks has to be
    status          status, retry_after, headers, code, type, message, body (instead of the vendor's usual one)
    timeout         delay_s (default an hour) without a byte, then nothing
    keep_alive      delay_s (default an hour) of comments or, before a whole answer, of blank lines
    stall           the answer stops after its first half without closing; comments, or blanks in a whole one or
                    a list of models, go on every 50 ms
    empty           no text, finished properly
    malformed_json  an answer that breaks off inside the JSON
    cut_stream      the connection breaks in the middle of the answer
    no_finish       the stream ends in order but without a finish reason
    error_event     an error object in the middle of the stream; code, message as for status
    refusal         withheld by the safety filter
    html            status 200 and a page of HTML, as a wrong URL answers
    listed          at models: models, a list of names or of the vendor's own entries
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiohttp import web

from tests.harness.bad_endings import NEVER_S, break_connection, stall, write_again
from tests.harness.llm_wire import default_answer

KEPT_REQUESTS = 5000
HTTP_UNAUTHORISED, HTTP_SERVER_ERROR = 401, 500
CUT_KINDS = ("cut_stream", "malformed_json", "error_event", "stall")

Behaviour = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question; `prompt` is all that was said, for the kind `echo`."""

    question: str
    prompt: object
    model: str
    body: dict[str, Any]
    is_streamed: bool


@dataclass(frozen=True, slots=True)
class Streamed:
    """An answer as bytes to write: what carries its text, and what ends it."""

    pieces: list[bytes]
    ending: list[bytes]
    content_type: str = "text/event-stream; charset=utf-8"


class ScriptedModel(ABC):
    """Behaves as its script says; a subclass speaks the vendor's wire. `sign_of_life` is what says nothing in it.

    `begins_empty`: the first piece of every stream is without text, and may be repeated.
    """

    sign_of_life = b": still there\n\n"
    begins_empty = True

    def __init__(self, *, first_token_s: float, chunk_s: float, words: int, api_key: str) -> None:
        self.settings: dict[str, Any] = {"first_token_s": first_token_s, "chunk_s": chunk_s, "words": words}
        self.api_key = api_key
        self.script: list[Behaviour] = []
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.recorded = 0
        self.stats: Counter[str] = Counter()
        self._released = asyncio.Event()

    def extend_script(self, behaviours: list[Behaviour]) -> None:
        """Add behaviours. Raises `ValueError`, and adds none, if this wire cannot speak one of them."""
        for behaviour in behaviours:
            if behaviour["kind"] == "held" and not (self.begins_empty or behaviour.get("is_silent")):
                raise ValueError("no empty chunks on this wire: what is held has to be is_silent")
        self.script.extend(behaviours)

    def release(self) -> None:
        """Let the answers go on that are held now."""
        self._released.set()
        self._released = asyncio.Event()

    def list_requests(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Return what is recorded of all requests but the first so many."""
        forgotten = self.recorded - len(self.requests)
        return list(islice(self.requests, max(0, after - forgotten), None))

    def forget_requests(self) -> None:
        self.requests.clear()
        self.recorded = 0

    @abstractmethod
    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the vendor's paths."""

    @abstractmethod
    def key_of(self, request: web.Request) -> str:
        """Return the key that a request carries."""

    @abstractmethod
    def models_body(self, models: list[Any] | None) -> object:
        """Write a list of models; of these names or entries, where given."""

    @abstractmethod
    def error_body(self, status: int, behaviour: Behaviour) -> object:
        """Write an error; `behaviour` may name its code, type and message."""

    @abstractmethod
    def whole_body(self, asked: Asked, behaviour: Behaviour, answer: str) -> object:
        """Write a whole answer."""

    @abstractmethod
    def streamed(self, asked: Asked, behaviour: Behaviour, answer: str) -> Streamed:
        """Write an answer in pieces."""

    @abstractmethod
    def broken_event(self, behaviour: Behaviour) -> bytes:
        """Write an event of a stream: half of one for `malformed_json`, an error for `error_event`."""

    def refusal_of(self, asked: Asked, behaviour: Behaviour) -> web.Response | None:
        """Return what a vendor's own kind of behaviour answers at once; None for everything else."""
        return None

    async def list_models(self, request: web.Request) -> web.Response:
        self.stats["models"] += 1
        if not self._has_key(request):
            return self._refuse_key()
        behaviour = self._next_behaviour("", at="models")
        if behaviour["kind"] == "status":
            return self._status_response(behaviour)
        if behaviour["kind"] == "timeout":
            await self._wait_for_first_token(behaviour)
        body = self.models_body(behaviour.get("models") or self.settings.get("models"))
        if behaviour["kind"] == "stall":
            await stall(request, body)
        return web.json_response(body)

    async def respond(
        self, request: web.Request, body: dict[str, Any], read: Callable[[], Asked]
    ) -> web.StreamResponse:
        """Answer one question as the script says."""
        self._record(request, body)
        if not self._has_key(request):
            return self._refuse_key()
        asked = read()
        behaviour = self._next_behaviour(asked.question)
        try:
            response = await self._answer(request, asked, behaviour)
        except (ConnectionResetError, asyncio.CancelledError):
            self.stats["aborted"] += 1
            raise
        self.stats["answered"] += 1
        return response

    async def _answer(self, request: web.Request, asked: Asked, behaviour: Behaviour) -> web.StreamResponse:
        kind = behaviour["kind"]
        released = self._released  # at once: a test may release as soon as the request is recorded
        if kind == "status":
            return self._status_response(behaviour)
        if kind == "html":
            return web.Response(text="<html>It works</html>", content_type="text/html")
        if refusal := self.refusal_of(asked, behaviour):
            return refusal
        await self._wait_for_first_token(behaviour)
        answer = self._text_of(asked, behaviour)
        if kind == "held" and (behaviour.get("is_silent") or not asked.is_streamed):
            await released.wait()
        if asked.is_streamed:
            return await self._stream(request, asked, behaviour, answer, released)
        return await self._whole(request, asked, behaviour, answer)

    def _text_of(self, asked: Asked, behaviour: Behaviour) -> str:
        if behaviour["kind"] in ("empty", "refusal"):
            return ""
        if behaviour["kind"] == "echo":
            found = re.findall(behaviour["pattern"], str(asked.prompt))
            return " ".join([behaviour["text"], *dict.fromkeys(found)])
        if "text" in behaviour:
            return str(behaviour["text"])
        return default_answer(asked.question, words=int(self.settings["words"]))

    async def _wait_for_first_token(self, behaviour: Behaviour) -> None:
        usual = NEVER_S if behaviour["kind"] == "timeout" else self.settings["first_token_s"]
        delay_s = float(behaviour.get("delay_s", usual))
        if delay_s and behaviour["kind"] != "keep_alive":
            await asyncio.sleep(delay_s)

    async def _whole(
        self, request: web.Request, asked: Asked, behaviour: Behaviour, answer: str
    ) -> web.StreamResponse:
        if behaviour["kind"] == "keep_alive":
            return await self._whole_kept_alive(request, asked, behaviour, answer)
        if behaviour["kind"] == "malformed_json":
            return web.Response(text='{"choices": [{"message"', content_type="application/json")
        if behaviour["kind"] == "cut_stream":
            break_connection(request)
        body = self.whole_body(asked, behaviour, answer)
        if behaviour["kind"] == "stall":
            await stall(request, body)
        return web.json_response(body)

    async def _whole_kept_alive(
        self, request: web.Request, asked: Asked, behaviour: Behaviour, answer: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await write_again(response, b"\n", for_s=behaviour.get("delay_s", NEVER_S))
        await response.write(json.dumps(self.whole_body(asked, behaviour, answer)).encode())
        await response.write_eof()
        return response

    async def _stream(
        self, request: web.Request, asked: Asked, behaviour: Behaviour, answer: str, released: asyncio.Event
    ) -> web.StreamResponse:
        self.stats["streamed"] += 1
        streamed = self.streamed(asked, behaviour, answer)
        response = web.StreamResponse(headers={"Content-Type": streamed.content_type})
        await response.prepare(request)
        if behaviour["kind"] == "keep_alive":
            await write_again(response, b": keep-alive\n\n", for_s=behaviour.get("delay_s", NEVER_S))
        if behaviour["kind"] == "held":
            await write_again(response, streamed.pieces[0], for_s=NEVER_S, until=released.is_set)
        if behaviour["kind"] in CUT_KINDS:
            await self._send(response, behaviour, streamed.pieces[: len(streamed.pieces) // 2])
            await self._spoil(behaviour, request, response)
        else:
            ending = [] if behaviour["kind"] == "no_finish" else streamed.ending
            await self._send(response, behaviour, streamed.pieces + ending)
        await response.write_eof()
        return response

    async def _send(self, response: web.StreamResponse, behaviour: Behaviour, chunks: list[bytes]) -> None:
        chunk_s = float(behaviour.get("chunk_s", self.settings["chunk_s"]))
        split_bytes = int(behaviour.get("split_bytes", 0))
        if split_bytes:
            stream = b"".join(chunks)
            chunks = [stream[start : start + split_bytes] for start in range(0, len(stream), split_bytes)]
        elif not chunk_s:
            chunks = [b"".join(chunks)]
        for chunk in chunks:
            await response.write(chunk)
            if chunk_s or split_bytes:
                await asyncio.sleep(float(behaviour.get("chunk_s", self.settings["chunk_s"])))

    async def _spoil(self, behaviour: Behaviour, request: web.Request, response: web.StreamResponse) -> None:
        kind = behaviour["kind"]
        if kind == "cut_stream":
            break_connection(request)
        if kind in ("malformed_json", "error_event"):
            await response.write(self.broken_event(behaviour))
        if kind == "stall":
            await write_again(response, self.sign_of_life, for_s=NEVER_S)

    def _next_behaviour(self, question: str, *, at: str = "chat") -> Behaviour:
        for behaviour in self.script:
            if behaviour.get("at", "chat") != at or behaviour.get("match", "") not in question:
                continue
            behaviour["times"] = behaviour.get("times", 1) - 1
            if behaviour["times"] == 0:
                self.script.remove(behaviour)
            self.stats["scripted"] += 1
            return behaviour
        return {"kind": "answer"}

    def _status_response(self, behaviour: Behaviour) -> web.Response:
        status = int(behaviour.get("status", HTTP_SERVER_ERROR))
        headers = {str(name): str(value) for name, value in behaviour.get("headers", {}).items()}
        if behaviour.get("retry_after") is not None:
            headers["Retry-After"] = str(behaviour["retry_after"])
        body = behaviour["body"] if "body" in behaviour else self.error_body(status, behaviour)
        return web.json_response(body, status=status, headers=headers)

    def _has_key(self, request: web.Request) -> bool:
        return not self.api_key or self.key_of(request) == self.api_key

    def _refuse_key(self) -> web.Response:
        wrong = {"message": f"bad key, not {self.api_key}"}
        return web.json_response(self.error_body(HTTP_UNAUTHORISED, wrong), status=HTTP_UNAUTHORISED)

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        self.stats["chat"] += 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.recorded += 1
        self.requests.append({"at": time.time(), "path": request.path_qs, "body": body, "headers": headers})
