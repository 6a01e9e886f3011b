"""An OpenAI-compatible stand-in for a language model, for tests and benchmarks.

    python -m tests.harness.llm_standin --port 0 [--first-token-s 0.2] [--chunk-s 0.01] [--words 40]

prints `llm stand-in: listening on http://127.0.0.1:PORT`. Answers carry `answer_marker(question)`.

Control, all JSON:
    POST   /control/script    list of behaviours, taken in order; DELETE forgets them
    POST   /control/settings  {"first_token_s", "chunk_s", "words"}
    GET    /control/requests  what was asked: messages, body, headers, times; DELETE forgets them
    GET    /control/stats     counters

A behaviour is {"kind", "match", "times", ...}: `match` restricts it to questions containing it, `times` is
how often it holds (default 1, 0 for ever). Kinds and their further fields:
    answer          text, split_bytes (the stream is written in pieces of so many bytes)
    echo            pattern (everything in the whole prompt that it matches is the answer), text to begin with
    slow            text, delay_s (to the first token), chunk_s (between tokens)
    status          status, retry_after, code, message
    timeout         delay_s (default an hour) without a byte, then nothing
    stall           the stream stops after its first half without closing; comments go on every 50 ms
    empty           no text, finished properly
    malformed_json  an answer that breaks off inside the JSON
    cut_stream      the connection breaks in the middle of the answer
    no_finish       the stream ends in order but without a finish reason
    error_event     an error object in the middle of the stream
    refusal         finish_reason content_filter
    no_usage        answers, but refuses `stream_options` with 400
    html            status 200 and a page of HTML, as a wrong URL answers
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import time
from collections import Counter, deque
from typing import Any

from aiohttp import web

from tests.harness import llm_wire as wire
from tests.harness.llm_standin_process import LLMStandIn

__all__ = ["LLMStandIn", "build_app", "main"]

MODELS = ("standin-7b", "standin-72b")
KEPT_REQUESTS = 5000
NEVER_S = 3600.0
COMMENT_EVERY_S = 0.05
LARGEST_REQUEST = 64 * 1024 * 1024


class StandIn:
    def __init__(self, *, first_token_s: float, chunk_s: float, words: int, api_key: str) -> None:
        self.settings: dict[str, float] = {"first_token_s": first_token_s, "chunk_s": chunk_s, "words": words}
        self.api_key = api_key
        self.script: list[dict[str, Any]] = []
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.stats: Counter[str] = Counter()

    async def list_models(self, request: web.Request) -> web.Response:
        self.stats["models"] += 1
        models = [{"id": model, "object": "model", "created": wire.CREATED_AT} for model in MODELS]
        return web.json_response({"object": "list", "data": models})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._record(request, body)
        if self.api_key and request.headers.get("Authorization") != f"Bearer {self.api_key}":
            return web.json_response(wire.error_body(401, message=f"bad key {self.api_key}"), status=401)
        question = str(body["messages"][-1]["content"])
        behaviour = self._next_behaviour(question)
        try:
            response = await self._answer(request, body, behaviour, question)
        except (ConnectionResetError, asyncio.CancelledError):
            self.stats["aborted"] += 1
            raise
        self.stats["answered"] += 1
        return response

    async def _answer(
        self, request: web.Request, body: dict[str, Any], behaviour: dict[str, Any], question: str
    ) -> web.StreamResponse:
        kind = behaviour["kind"]
        if kind == "status":
            return _status_response(behaviour)
        if kind == "no_usage" and "stream_options" in body:
            return web.json_response(wire.error_body(400, message="unknown field stream_options"), status=400)
        if kind == "html":
            return web.Response(text="<html>It works</html>", content_type="text/html")
        await self._wait_for_first_token(behaviour)
        answer = behaviour.get("text") or wire.default_answer(question, words=int(self.settings["words"]))
        if kind in ("empty", "refusal"):
            answer = ""
        if kind == "echo":
            found = re.findall(behaviour["pattern"], str(body["messages"]))
            answer = " ".join([behaviour["text"], *dict.fromkeys(found)])
        if body.get("stream"):
            return await self._stream(request, body, behaviour, answer)
        return await self._whole(request, body, behaviour, answer)

    async def _wait_for_first_token(self, behaviour: dict[str, Any]) -> None:
        usual = NEVER_S if behaviour["kind"] == "timeout" else self.settings["first_token_s"]
        delay_s = float(behaviour.get("delay_s", usual))
        if delay_s:
            await asyncio.sleep(delay_s)

    async def _whole(
        self, request: web.Request, body: dict[str, Any], behaviour: dict[str, Any], answer: str
    ) -> web.Response:
        kind = behaviour["kind"]
        if kind == "malformed_json":
            return web.Response(text='{"choices": [{"message"', content_type="application/json")
        if kind == "cut_stream":
            _break_connection(request)
        payload = wire.whole_body(
            model=body.get("model", MODELS[0]),
            answer=None if kind == "refusal" else answer,
            finish=_finish_of(behaviour),
            usage=wire.usage_of(body["messages"], answer),
        )
        return web.json_response(payload)

    async def _stream(
        self, request: web.Request, body: dict[str, Any], behaviour: dict[str, Any], answer: str
    ) -> web.StreamResponse:
        self.stats["streamed"] += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        with_usage = bool(body.get("stream_options", {}).get("include_usage"))
        writer = wire.ChunkWriter(model=body.get("model", MODELS[0]), with_usage=with_usage)
        chunks = [writer.first(), *writer.texts(answer)]
        ending = [
            writer.last(_finish_of(behaviour)),
            writer.usage(wire.usage_of(body["messages"], answer)),
            wire.DONE,
        ]
        kind = behaviour["kind"]
        if kind in ("cut_stream", "malformed_json", "error_event", "stall"):
            await self._send(response, behaviour, chunks[: len(chunks) // 2])
            await _spoil(kind, request, response)
        else:
            await self._send(response, behaviour, chunks + ([] if kind == "no_finish" else ending))
        await response.write_eof()
        return response

    async def _send(
        self, response: web.StreamResponse, behaviour: dict[str, Any], chunks: list[bytes]
    ) -> None:
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
                await asyncio.sleep(chunk_s)

    def _next_behaviour(self, question: str) -> dict[str, Any]:
        for behaviour in self.script:
            if behaviour.get("match", "") not in question:
                continue
            behaviour["times"] = behaviour.get("times", 1) - 1
            if behaviour["times"] == 0:
                self.script.remove(behaviour)
            self.stats["scripted"] += 1
            return behaviour
        return {"kind": "answer"}

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        self.stats["chat"] += 1
        self.requests.append(
            {
                "at": time.time(),
                "messages": body.get("messages", []),
                "body": {name: value for name, value in body.items() if name != "messages"},
                "headers": {name.lower(): value for name, value in request.headers.items()},
            }
        )


async def _spoil(kind: str, request: web.Request, response: web.StreamResponse) -> None:
    if kind == "cut_stream":
        _break_connection(request)
    if kind == "malformed_json":
        await response.write(b'data: {"choices": [{"del\n\n')
    if kind == "error_event":
        await response.write(wire.event(wire.error_body(500)))
    while kind == "stall":
        await response.write(b": still there\n\n")
        await asyncio.sleep(COMMENT_EVERY_S)


def _break_connection(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
    raise ConnectionResetError


def _finish_of(behaviour: dict[str, Any]) -> str:
    return "content_filter" if behaviour["kind"] == "refusal" else str(behaviour.get("finish", "stop"))


def _status_response(behaviour: dict[str, Any]) -> web.Response:
    status = int(behaviour.get("status", 500))
    named = {name: behaviour[name] for name in ("code", "message") if name in behaviour}
    retry_after = behaviour.get("retry_after")
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return web.json_response(wire.error_body(status, **named), status=status, headers=headers)


def build_app(standin: StandIn) -> web.Application:
    async def extend_script(request: web.Request) -> web.Response:
        behaviours = await request.json()
        standin.script.extend(behaviours if isinstance(behaviours, list) else [behaviours])
        return web.json_response({"scripted": len(standin.script)})

    async def forget_script(request: web.Request) -> web.Response:
        standin.script.clear()
        return web.json_response({})

    async def change_settings(request: web.Request) -> web.Response:
        standin.settings |= await request.json()
        return web.json_response(standin.settings)

    async def get_requests(request: web.Request) -> web.Response:
        return web.json_response(list(standin.requests))

    async def forget_requests(request: web.Request) -> web.Response:
        standin.requests.clear()
        standin.stats.clear()
        return web.json_response({})

    async def get_stats(request: web.Request) -> web.Response:
        return web.json_response(standin.stats)

    app = web.Application(client_max_size=LARGEST_REQUEST)
    for root in ("/v1", ""):
        app.router.add_get(f"{root}/models", standin.list_models)
        app.router.add_post(f"{root}/chat/completions", standin.chat)
    app.router.add_post("/control/script", extend_script)
    app.router.add_delete("/control/script", forget_script)
    app.router.add_post("/control/settings", change_settings)
    app.router.add_get("/control/requests", get_requests)
    app.router.add_delete("/control/requests", forget_requests)
    app.router.add_get("/control/stats", get_stats)
    return app


async def serve(app: web.Application, *, host: str, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    bound_port = runner.addresses[0][1]
    print(f"llm stand-in: listening on http://{host}:{bound_port}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="OpenAI-compatible stand-in for a language model")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-s", type=float, default=0.0)
    parser.add_argument("--chunk-s", type=float, default=0.0)
    parser.add_argument("--words", type=int, default=0, help="pad default answers to so many words")
    parser.add_argument("--api-key", default="", help="refuse requests with another key")
    options = parser.parse_args()
    standin = StandIn(
        first_token_s=options.first_token_s,
        chunk_s=options.chunk_s,
        words=options.words,
        api_key=options.api_key,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(build_app(standin), host=options.host, port=options.port))


if __name__ == "__main__":
    main()
