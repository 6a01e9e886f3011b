"""An OpenAI-compatible stand-in for a language model, for tests and benchmarks.

    python -m tests.harness.llm_standin --port 0 [--dialect mistral] [--first-token-s 0.2] [--chunk-s 0.01]

prints `llm stand-in: listening on http://127.0.0.1:PORT`. Answers carry `answer_marker(question)`. How it is
scripted is said in `tests.harness.scripted_model`, what the dialects differ in by `tests.harness.llm_dialects`.
One kind of behaviour is this wire's own:
    no_usage        answers, but refuses `stream_options` with 400
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.harness import llm_wire as wire
from tests.harness.llm_dialects import DIALECTS, Dialect
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.scripted_model import Asked, Behaviour, ScriptedModel, Streamed
from tests.harness.standin_server import build_app, option_parser, run, serve

__all__ = ["LLMStandIn", "StandIn", "build_app", "main", "serve"]

HTTP_BAD_REQUEST, HTTP_UNPROCESSABLE, HTTP_SERVER_ERROR = 400, 422, 500


class StandIn(ScriptedModel):
    """Speaks chat completions in the dialect of one vendor."""

    def __init__(
        self, *, first_token_s: float, chunk_s: float, words: int, api_key: str, dialect: str = "openai"
    ) -> None:
        super().__init__(first_token_s=first_token_s, chunk_s=chunk_s, words=words, api_key=api_key)
        self.dialect: Dialect = DIALECTS[dialect]

    def add_routes(self, router: web.UrlDispatcher) -> None:
        for root in ("/v1", ""):
            router.add_get(f"{root}/models", self.list_models)
            router.add_post(f"{root}/chat/completions", self.chat)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await self.respond(request, body, lambda: self._read(body))

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ")

    def models_body(self, models: list[Any] | None) -> object:
        entries = [
            self.dialect.model_entry(model) if isinstance(model, str) else model
            for model in models or self.dialect.models
        ]
        return {"object": "list", "data": entries}

    def error_body(self, status: int, behaviour: Behaviour) -> object:
        return self.dialect.error_body(
            status,
            code=behaviour.get("code"),
            kind=behaviour.get("type"),
            message=behaviour.get("message", "refused by script"),
        )

    def refusal_of(self, asked: Asked, behaviour: Behaviour) -> web.Response | None:
        takes_options = self.dialect.takes_stream_options and behaviour["kind"] != "no_usage"
        if takes_options or "stream_options" not in asked.body:
            return None
        unknown = {"message": "unknown field stream_options"}
        status = HTTP_BAD_REQUEST if self.dialect.takes_stream_options else HTTP_UNPROCESSABLE
        return web.json_response(self.error_body(status, unknown), status=status)

    def whole_body(self, asked: Asked, behaviour: Behaviour, answer: str) -> object:
        message = self.dialect.message(answer, thought=behaviour.get("thought", ""))
        if behaviour["kind"] == "refusal":
            message = self.dialect.refusal
        return wire.whole_body(
            model=asked.model,
            message=message,
            finish=self._finish_of(behaviour),
            usage=self._usage_of(asked, answer),
        )

    def streamed(self, asked: Asked, behaviour: Behaviour, answer: str) -> Streamed:
        with_usage = self.dialect.always_tells_usage or bool(
            asked.body.get("stream_options", {}).get("include_usage")
        )
        writer = wire.ChunkWriter(model=asked.model, with_usage=with_usage)
        thoughts = self.dialect.thought_deltas(behaviour.get("thought", ""))
        pieces = [writer.first(), *map(writer.delta, thoughts), *writer.texts(answer)]
        finish = self._finish_of(behaviour)
        usage = self._usage_of(asked, answer)
        if self.dialect.always_tells_usage:  # in the chunk that finishes
            return Streamed(pieces, [writer.last(finish, usage), wire.DONE])
        return Streamed(pieces, [writer.last(finish), writer.usage(usage), wire.DONE])

    def broken_event(self, behaviour: Behaviour) -> bytes:
        if behaviour["kind"] == "malformed_json":
            return b'data: {"choices": [{"del\n\n'
        return wire.event(self.dialect.error_body(HTTP_SERVER_ERROR))

    def _read(self, body: dict[str, Any]) -> Asked:
        messages = body["messages"]
        return Asked(
            question=str(messages[-1]["content"]),
            prompt=messages,
            model=body.get("model", self.dialect.models[0]),
            body=body,
            is_streamed=bool(body.get("stream")),
        )

    def _finish_of(self, behaviour: Behaviour) -> str:
        usual = "content_filter" if behaviour["kind"] == "refusal" else "stop"
        return str(behaviour.get("finish", usual))

    def _usage_of(self, asked: Asked, answer: str) -> dict[str, Any]:
        return self.dialect.usage(wire.usage_of(asked.body["messages"], answer))

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        super()._record(request, {name: value for name, value in body.items() if name != "messages"})
        self.requests[-1]["messages"] = body.get("messages", [])


def main() -> None:
    parser = option_parser("OpenAI-compatible stand-in for a language model")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="openai")
    options = parser.parse_args()
    model = StandIn(
        first_token_s=options.first_token_s,
        chunk_s=options.chunk_s,
        words=options.words,
        api_key=options.api_key,
        dialect=options.dialect,
    )
    run(model, host=options.host, port=options.port)


if __name__ == "__main__":
    main()
