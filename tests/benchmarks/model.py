"""The stand-in for the language model, which also measures its own time for every question.

    python -m tests.benchmarks.model --words 40

Beyond the control API of `tests.harness.llm_standin`:
    GET /control/timings   [{"marker", "started_at", "ended_at"}], Unix seconds: head of the request read → last byte
    GET /control/bodies    {marker: the request's body} of the last few requests
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import time
from collections import OrderedDict
from typing import Any

from aiohttp import web

from tests.harness.llm_standin import StandIn, build_app, serve
from tests.harness.llm_standin_process import REPOSITORY, LLMStandIn
from tests.harness.llm_wire import answer_marker

KEPT_BODIES = 10


class MeasuringStandIn(StandIn):
    """Keeps times of all requests instead of their texts, which a benchmark has too many of."""

    def __init__(self, *, words: int) -> None:
        super().__init__(first_token_s=0.0, chunk_s=0.0, words=words, api_key="")
        self.timings: list[dict[str, Any]] = []
        self.bodies: OrderedDict[str, dict[str, Any]] = OrderedDict()

    async def chat(self, request: web.Request) -> web.StreamResponse:
        started_at = time.time()
        try:
            return await super().chat(request)
        finally:
            timing = {"marker": request["marker"], "started_at": started_at, "ended_at": time.time()}
            self.timings.append(timing)

    def _record(self, request: web.Request, body: dict[str, Any]) -> None:
        self.stats["chat"] += 1
        request["marker"] = answer_marker(str(body["messages"][-1]["content"]))
        self.bodies[request["marker"]] = body
        while len(self.bodies) > KEPT_BODIES:
            self.bodies.popitem(last=False)


class MeasuringModel(LLMStandIn):
    """The stand-in as a process of its own."""

    def __init__(self, *, words: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.model", "--words", str(words)]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        self.root = self._wait_until_started()
        self.url = f"{self.root}/v1"

    def timings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._control("GET", "timings")
        return found

    def seconds_by_marker(self) -> dict[str, float]:
        """Return the model's own time for each question; that of several requests for one is added up."""
        spent: dict[str, float] = {}
        for timing in self.timings():
            own_s = timing["ended_at"] - timing["started_at"]
            spent[timing["marker"]] = spent.get(timing["marker"], 0.0) + own_s
        return spent

    def body_of(self, marker: str) -> dict[str, Any]:
        """Return what was asked; only of the last few requests."""
        body: dict[str, Any] = self._control("GET", "bodies")[marker]
        return body


def build_measuring_app(standin: MeasuringStandIn) -> web.Application:
    async def get_timings(request: web.Request) -> web.Response:
        return web.json_response(standin.timings)

    async def get_bodies(request: web.Request) -> web.Response:
        return web.json_response(standin.bodies)

    app = build_app(standin)
    app.router.add_get("/control/timings", get_timings)
    app.router.add_get("/control/bodies", get_bodies)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, required=True)
    options = parser.parse_args()
    app = build_measuring_app(MeasuringStandIn(words=options.words))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(app, host="127.0.0.1", port=0))


if __name__ == "__main__":
    main()
