"""Chat completions through the `openai` SDK: what every vendor that speaks OpenAI's format shares.

The SDK's generic `post` is used instead of `chat.completions.create`, and the events are read by `llm.sse`:
the typed method walks the whole conversation by its type hints and builds a model object per event, which
costs several times what the call itself does. The SDK is loaded by the first call or `warm_up`.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from llm.errors import BadAnswer, TimedOut, Unavailable
from llm.prompt import Prompt
from llm.provider_settings import Limits
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
)
from llm.providers.openai_format.adaptation import Adaptation, adapt, find_adaptation
from llm.providers.openai_format.models import models_of
from llm.providers.openai_format.wire import AnswerInPieces, completion_of
from llm.sse import EventDecoder, EventTooLarge
from llm.trace_context import trace_headers

if TYPE_CHECKING:
    import httpx2
    import openai

CHAT_PATH, MODELS_PATH = "/chat/completions", "/models"
NO_KEY = "none"  # the SDK insists on a key; local servers ignore it
VERSION_SEGMENT = re.compile(r"v\d")
SDK_LOGGERS = ("openai", "httpx2", "httpcore2")


class ChatCompletionsProvider(Provider):
    """One endpoint with one connection pool, shared by all threads.

    A vendor names itself and says what it does otherwise: `version_path` is added to an address without a version,
    `asks_for_usage` whether a stream has to be asked for its usage, `own_fields` go with every request.
    """

    version_path: ClassVar[str] = "/v1"
    asks_for_usage: ClassVar[bool] = True
    own_fields: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        *,
        url: str,
        api_key: str = "",
        model: str = "",
        name: str = "",
        capabilities: Capabilities | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = name or self.name
        self.capabilities = capabilities or self.capabilities
        self.default_model = model
        self._base_url = normalise_url(url, version_path=self.version_path)
        self._api_key = api_key
        self._limits = limits or Limits()
        self._adaptations: dict[str, frozenset[Adaptation]] = {}
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None

    def warm_up(self) -> None:
        self._sdk_client()

    def list_models(self) -> list[ModelDescription]:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        try:
            body = self._get(MODELS_PATH)
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None
        return self._read_models(body)

    def _read_models(self, body: object) -> list[ModelDescription]:
        return models_of(body, provider=self.name)

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options)
        try:
            body = self._read_whole(self._post(request, options), options)
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None
        return completion_of(body, prompt=prompt, model=request["model"], provider=self.name)

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options) | {"stream": True}
        if self.asks_for_usage:
            request["stream_options"] = {"include_usage": True}
        answer = AnswerInPieces(prompt=prompt, model=request["model"], provider=self.name)
        try:
            response = self._post(request, options)
            try:
                for event in self._events_in_time(response, options):
                    if delta := answer.take(event):
                        yield delta
            finally:
                response.close()
        except SDK_ERRORS as error:
            # What breaks after the answer's end, such as a server that keeps the line open, spoils nothing.
            if not answer.is_finished:
                raise translate_error(error, provider=self.name) from None
        except EventTooLarge:
            raise BadAnswer("an event of the stream is too large", provider=self.name) from None
        return answer.completion()

    def _events_in_time(self, response: httpx2.Response, options: CallOptions) -> Iterator[bytes]:
        """Yield events until the server ends the stream, which lets the connection be used again.

        Comments that keep a connection alive are no events: they don't extend the wait for the next one.
        """
        decoder = EventDecoder()
        heard_at = time.monotonic()
        for piece in response.iter_bytes():
            for event in decoder.feed(piece):
                yield event
                heard_at = time.monotonic()
            self._check_wait(heard_at, options)
        yield from decoder.flush()

    def _read_whole(self, response: httpx2.Response, options: CallOptions) -> object:
        """Read an answer in one piece; the blank lines by which DeepSeek keeps a connection alive are no part of it."""
        asked_at = time.monotonic()
        body = b""
        try:
            for piece in response.iter_bytes():
                body = body + piece if body else piece.lstrip()
                if not body:
                    self._check_wait(asked_at, options)
        finally:
            response.close()
        return self._parse(body)

    def _check_wait(self, since: float, options: CallOptions) -> None:
        if time.monotonic() - since > (options.timeout_s or self._limits.timeout_s):
            raise TimedOut("no token in time", provider=self.name)

    def _post(self, request: dict[str, Any], options: CallOptions) -> httpx2.Response:
        """Ask as the endpoint is known to take it, once more without what it turns out to refuse."""
        from openai import APIStatusError  # noqa: PLC0415  # loads the SDK

        from llm.providers.openai_format.errors import refusal_of  # noqa: PLC0415  # loads the SDK

        model = request["model"]
        while True:
            known = self._adaptations.get(model, frozenset())
            adapted = adapt(request, known)
            try:
                return self._post_once(adapted, options)
            except APIStatusError as error:
                found = find_adaptation(refusal_of(error), adapted)
                if found is None or found in known:
                    raise
            self._adaptations[model] = known | {found}

    def _post_once(self, request: dict[str, Any], options: CallOptions) -> httpx2.Response:
        from openai import Stream  # noqa: PLC0415  # loads the SDK

        stream: Stream[object] = self._sdk_client().post(
            CHAT_PATH,
            cast_to=object,
            body=request,
            options=self._request_options(options),
            stream=True,
            stream_cls=Stream[object],
        )
        return stream.response

    def _get(self, path: str) -> object:
        import httpx2  # noqa: PLC0415  # loaded with the SDK

        options = self._request_options(CallOptions())
        return self._parse(self._sdk_client().get(path, cast_to=httpx2.Response, options=options).content)

    def _parse(self, body: bytes) -> object:
        try:
            return json.loads(body)
        except ValueError:
            raise BadAnswer("the answer is not JSON", provider=self.name) from None

    def _request_body(self, prompt: Prompt, options: CallOptions) -> dict[str, Any]:
        chosen = {
            "max_tokens": options.max_tokens or self._limits.max_tokens,
            "temperature": options.temperature,
        }
        return {
            "model": options.model or self._find_default_model(),
            "messages": prompt.as_chat_messages(),
            **{name: value for name, value in chosen.items() if value is not None},
            **self.own_fields,
        }

    def _find_default_model(self) -> str:
        if not self.default_model:
            models = self.list_models()
            if not models:
                raise Unavailable("the endpoint offers no model", provider=self.name)
            self.default_model = models[0].id
        return self.default_model

    def _request_options(self, options: CallOptions) -> Any:
        import httpx2  # noqa: PLC0415  # loaded with the SDK

        timeout_s = options.timeout_s or self._limits.timeout_s
        timeout = httpx2.Timeout(timeout_s, connect=self._limits.connect_timeout_s)
        return {"timeout": timeout, "headers": trace_headers(options.trace_id)}

    def _sdk_client(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                self._client = self._build_client()
            return self._client

    def _build_client(self) -> openai.OpenAI:
        import openai  # noqa: PLC0415  # half a second and 40 MB that only a worker needs

        from llm.providers.openai_format import errors  # noqa: F401, PLC0415  # ready for the first call

        for logger in SDK_LOGGERS:  # they log each request; ours are counted and logged by the caller
            logging.getLogger(logger).setLevel(logging.WARNING)
        key = self._api_key or NO_KEY
        own_key = {"Authorization": f"Bearer {key}"}  # said outright, no OPENAI_CUSTOM_HEADERS can replace it
        client = openai.OpenAI(base_url=self._base_url, api_key=key, default_headers=own_key, max_retries=0)
        client.organization = client.project = None  # of OPENAI_ORG_ID and the like no other vendor is told
        return client


def normalise_url(url: str, *, version_path: str = "/v1") -> str:
    """Return the base of an endpoint's paths: a root gets `version_path`, a versioned path is kept."""
    base = url.strip().rstrip("/").removesuffix(CHAT_PATH)
    has_version = any(VERSION_SEGMENT.match(segment) for segment in urlsplit(base).path.split("/"))
    return base if has_version else f"{base}{version_path}"
