"""A stand-in for Gemini.

    python -m tests.harness.gemini_standin --port 0 [--api-key KEY] [--first-token-s 0.2] [--chunk-s 0.01]

prints `llm stand-in: listening on http://127.0.0.1:PORT`, which is what `GEMINI_API_URL` takes. Answers carry
`answer_marker(question)`. How it is scripted is said in `tests.harness.scripted_model`; this wire has more kinds
and fields:
    blocked         the question was blocked: no candidates, `reason` (default SAFETY)
    answer          `usage: false` leaves the usage out, `extra` is merged into the last response
    status          details (of the error); `code` is the reason within them, `type` the status in words
    listed          null among the models takes a place on a page of two, so that pages may be empty
A recorded request says in `media` what was sent inline: MIME type and the SHA-256 of the content.

Source: https://ai.google.dev/api/generate-content, https://ai.google.dev/api/models and
https://ai.google.dev/gemini-api/docs/generate-content/api-errors.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.harness import gemini_wire as wire
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.scripted_model import Asked, Behaviour, ScriptedModel, Streamed
from tests.harness.standin_server import option_parser, run

API = "/v1beta"
PAGE_SIZE = 2


class GeminiStandIn(LLMStandIn):
    """`with GeminiStandIn("--api-key", "k") as standin:` — `standin.root` is what `GEMINI_API_URL` takes."""

    module = "tests.harness.gemini_standin"


class StandIn(ScriptedModel):
    """Speaks v1beta of the Gemini API."""

    sign_of_life = b"\r\n"  # of comments its SDK knows nothing
    begins_empty = False

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get(f"{API}/models", self.list_page)
        router.add_post(
            f"{API}/models/{{name}}:{{method:generateContent|streamGenerateContent}}", self.answer
        )

    async def list_page(self, request: web.Request) -> web.StreamResponse:
        """Cut a page out of the list; the token of a page is where it begins."""
        response = await self.list_models(request)
        if response.status != web.HTTPOk.status_code:
            return response
        return web.json_response(
            wire.page_of(response.body, begin=request.query.get("pageToken"), size=PAGE_SIZE)
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await self.respond(request, body, lambda: self._read(request, body))

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("x-goog-api-key", "")

    def models_body(self, models: list[Any] | None) -> object:
        return {"models": [wire.model_entry(model) for model in models or wire.MODELS]}

    def error_body(self, status: int, behaviour: Behaviour) -> object:
        return wire.error_body(
            status,
            state=behaviour.get("type"),
            reason=behaviour.get("code"),
            message=behaviour.get("message", "refused by script"),
            details=behaviour.get("details", []),
        )

    def refusal_of(self, asked: Asked, behaviour: Behaviour) -> web.Response | None:
        if behaviour["kind"] != "blocked":
            return None
        blocked = wire.blocked(behaviour.get("reason", "SAFETY"), model=asked.model)
        if not asked.is_streamed:
            return web.json_response(blocked)
        return web.Response(body=wire.event(blocked), content_type="text/event-stream")

    def whole_body(self, asked: Asked, behaviour: Behaviour, answer: str) -> object:
        thoughts = [wire.thought_part(behaviour["thought"])] if "thought" in behaviour else []
        return wire.response(
            model=asked.model,
            parts=[*thoughts, *([{"text": answer}] if answer else [])],
            finish=_finish_of(behaviour),
            usage=_usage_of(asked, behaviour, answer),
        ) | behaviour.get("extra", {})

    def streamed(self, asked: Asked, behaviour: Behaviour, answer: str) -> Streamed:
        thoughts = [wire.thought_part(behaviour["thought"])] if "thought" in behaviour else []
        parts = [*thoughts, *({"text": piece} for piece in wire.text_pieces(answer))]
        pieces = [wire.event(wire.response(model=asked.model, parts=[part])) for part in parts]
        usage = _usage_of(asked, behaviour, answer)
        last = wire.response(model=asked.model, parts=[], finish=_finish_of(behaviour), usage=usage)
        return Streamed(pieces, [wire.event(last | behaviour.get("extra", {}))], "text/event-stream")

    def broken_event(self, behaviour: Behaviour) -> bytes:
        if behaviour["kind"] == "malformed_json":
            return b'data: {"candidates": [{"cont\r\n\r\n'
        return wire.event(self.error_body(int(behaviour.get("status", 503)), behaviour))

    def _read(self, request: web.Request, body: dict[str, Any]) -> Asked:
        return Asked(
            question=wire.question_of(body),
            prompt=body["contents"],
            model=request.match_info["name"],
            body=body,
            is_streamed=request.match_info["method"] == "streamGenerateContent",
        )

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        super()._record(request, wire.without_media(body))
        self.requests[-1]["media"] = wire.media_of(body)


def _finish_of(behaviour: Behaviour) -> str:
    return str(behaviour.get("finish", "SAFETY" if behaviour["kind"] == "refusal" else "STOP"))


def _usage_of(asked: Asked, behaviour: Behaviour, answer: str) -> dict[str, Any]:
    if not behaviour.get("usage", True):
        return {}
    return wire.usage_of(asked.body, answer, thought=behaviour.get("thought", ""))


def main() -> None:
    options = option_parser("Stand-in for Gemini").parse_args()
    model = StandIn(
        first_token_s=options.first_token_s,
        chunk_s=options.chunk_s,
        words=options.words,
        api_key=options.api_key,
    )
    run(model, host=options.host, port=options.port)


if __name__ == "__main__":
    main()
