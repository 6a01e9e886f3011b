"""Chat completions through the `openai` SDK: what every vendor that speaks OpenAI's format shares.

The SDK's generic `post` is used instead of `chat.completions.create`, and the events are read by `llm.sse`:
the typed method walks the whole conversation by its type hints and builds a model object per event, which
costs several times what the call itself does. The SDK is loaded by the first call or `warm_up`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

from llm.errors import BadAnswer, LLMError, ModelNotFound, Unavailable
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
from llm.providers.openai_format.wire import AnswerInPieces, completion_of, parse_json
from llm.sse import EventDecoder, EventTooLarge
from llm.trace_context import trace_headers

if TYPE_CHECKING:
    import httpx2
    import openai

    from llm.timed_body import TimedBody

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
        self.default_model = self._configured_model = model
        self._base_url = normalise_url(url, version_path=self.version_path)
        self._api_key = api_key
        self._limits = limits or Limits()
        self._adaptations: dict[str, frozenset[Adaptation]] = {}
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None

    def warm_up(self) -> None:
        self._sdk_client()

    def list_models(self) -> list[ModelDescription]:
        from llm.providers.openai_format.errors import SDK_ERRORS  # noqa: PLC0415  # loads the SDK

        try:
            with closing(self._send(MODELS_PATH, CallOptions())) as response:
                body = parse_json(response.read())
        except SDK_ERRORS as error:
            raise self._translate(error) from None
        return self._read_models(body)

    def _read_models(self, body: object) -> list[ModelDescription]:
        return models_of(body, provider=self.name)

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        from llm.providers.openai_format.errors import SDK_ERRORS  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options)
        try:
            with closing(self._post(request, options)) as response:
                body = parse_json(response.read())
        except SDK_ERRORS as error:
            raise self._translate(error) from None
        return completion_of(body, prompt=prompt, model=request["model"], provider=self.name)

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        from llm.providers.openai_format.errors import SDK_ERRORS  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options) | {"stream": True}
        if self.asks_for_usage:
            request["stream_options"] = {"include_usage": True}
        answer = AnswerInPieces(prompt=prompt, model=request["model"], provider=self.name)
        try:
            with closing(self._post(request, options)) as response:
                for event in _read_events(response):
                    if delta := answer.take(event):
                        yield delta
        except SDK_ERRORS as error:
            # What breaks after the answer's end, such as a server that keeps the line open, spoils nothing.
            if not answer.is_finished:
                raise self._translate(error) from None
        except EventTooLarge:
            raise BadAnswer("an event of the stream is too large", provider=self.name) from None
        return answer.completion()

    def _post(self, request: dict[str, Any], options: CallOptions) -> httpx2.Response:
        """Ask as the endpoint is known to take it, once more without what it turns out to refuse."""
        from openai import APIStatusError  # noqa: PLC0415  # loads the SDK

        from llm.providers.openai_format.errors import refusal_of  # noqa: PLC0415  # loads the SDK

        model = request["model"]
        while True:
            known = self._adaptations.get(model, frozenset())
            adapted = adapt(request, known)
            try:
                return self._send(CHAT_PATH, options, body=adapted)
            except APIStatusError as error:
                found = find_adaptation(refusal_of(error), adapted)
                if found is None or found in known:
                    raise
            self._adaptations[model] = known | {found}

    def _send(
        self, path: str, options: CallOptions, *, body: dict[str, Any] | None = None
    ) -> httpx2.Response:
        """Return the response to one request, its body still to be read."""
        from openai import Stream  # noqa: PLC0415  # loads the SDK

        from llm.timed_body import limit_body  # noqa: PLC0415  # loads the SDK's HTTP library

        client = self._sdk_client()
        send: Any = client.get if body is None else partial(client.post, body=body)
        stream: Stream[object] = send(
            path,
            cast_to=object,
            options=self._request_options(options),
            stream=True,
            stream_cls=Stream[object],
        )
        limit_body(stream.response, options.cancellation)
        return stream.response

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
        """Return the configured model, else the first one listed; that is kept until it turns out to be gone."""
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

    def _translate(self, error: Exception) -> LLMError:
        from llm.providers.openai_format.errors import translate_error  # noqa: PLC0415  # loads the SDK

        translated = translate_error(error, provider=self.name)
        if isinstance(translated, ModelNotFound):
            self.default_model = self._configured_model
        return translated

    def _sdk_client(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                self._client = self._build_client()
            return self._client

    def _build_client(self) -> openai.OpenAI:
        import openai  # noqa: PLC0415  # half a second and 40 MB that only a worker needs

        from llm import timed_body  # noqa: F401, PLC0415  # ready for the first call
        from llm.providers.openai_format import errors  # noqa: F401, PLC0415

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


def _read_events(response: httpx2.Response) -> Iterator[bytes]:
    """Yield events until the server ends the stream, which lets the connection be used again.

    Comments that keep a connection alive are no events: they don't extend the wait for the next one.
    """
    decoder = EventDecoder()
    body = cast("TimedBody", response.stream)
    for piece in response.iter_bytes():
        for event in decoder.feed(piece):
            yield event
            body.note_progress()
    yield from decoder.flush()
