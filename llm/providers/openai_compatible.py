"""Any endpoint that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, LM Studio, OpenAI itself.

The SDK's generic `post` is used instead of `chat.completions.create`, and the events are read by `llm.sse`:
the typed method walks the whole conversation by its type hints and builds a model object per event, which
costs several times what the call itself does. The SDK is loaded by the first call or `warm_up`.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm.errors import BadAnswer, Unavailable
from llm.prompt import Prompt
from llm.provider_settings import (
    MissingSetting,
    SettingLookup,
    read_count,
    read_flag,
    read_seconds,
    read_url,
)
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
)
from llm.providers.openai_format.wire import AnswerInPieces, completion_of, models_of
from llm.sse import EventDecoder, EventTooLarge

if TYPE_CHECKING:
    import httpx2
    import openai

CHAT_PATH = "/chat/completions"
NO_KEY = "none"  # the SDK insists on a key; local servers ignore it
VERSION_SEGMENT = re.compile(r"v\d")
TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
SDK_LOGGERS = ("openai", "httpx2", "httpcore2")


class OpenAICompatibleProvider(Provider):
    """One endpoint with one connection pool, shared by all threads.

    `timeout_s` bounds the wait for the first token and between tokens, `connect_timeout_s`
    that for a connection. `supports_images` is the operator's word: the format has no question for it.
    """

    name = "openai_compatible"

    def __init__(
        self,
        *,
        url: str,
        api_key: str = "",
        model: str = "",
        max_tokens: int | None = None,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 60.0,
        supports_images: bool = False,
        name: str = "openai_compatible",
    ) -> None:
        self.name = name
        self.capabilities = Capabilities(supports_images=supports_images, context_tokens=32_768)
        self._base_url = normalise_url(url)
        self._api_key = api_key
        self.default_model = model
        self._max_tokens = max_tokens
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._client: openai.OpenAI | None = None
        self._asks_for_usage = True

    def warm_up(self) -> None:
        self._sdk_client()

    def list_models(self) -> list[ModelDescription]:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        try:
            body = self._send("GET", "/models", None, CallOptions())
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None
        return models_of(body, provider=self.name)

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options)
        try:
            body = self._send("POST", CHAT_PATH, request, options)
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None
        return completion_of(body, prompt=prompt, model=request["model"], provider=self.name)

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        from llm.providers.openai_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        request = self._request_body(prompt, options) | {"stream": True}
        answer = AnswerInPieces(prompt=prompt, model=request["model"], provider=self.name)
        try:
            response = self._open_stream(request, options)
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
        timeout_s = options.timeout_s or self._timeout_s
        decoder = EventDecoder()
        heard_at = time.monotonic()
        for piece in response.iter_bytes():
            for event in decoder.feed(piece):
                yield event
                heard_at = time.monotonic()
            if time.monotonic() - heard_at > timeout_s:
                raise Unavailable("no token in time", provider=self.name)
        yield from decoder.flush()

    def _open_stream(self, request: dict[str, Any], options: CallOptions) -> httpx2.Response:
        from openai import APIStatusError  # noqa: PLC0415  # loads the SDK

        from llm.providers.openai_format.errors import refuses_usage  # noqa: PLC0415  # loads the SDK

        if self._asks_for_usage:
            try:
                return self._post_stream(request | {"stream_options": {"include_usage": True}}, options)
            except APIStatusError as error:
                if not refuses_usage(error):
                    raise
            self._asks_for_usage = False
        return self._post_stream(request, options)

    def _post_stream(self, request: dict[str, Any], options: CallOptions) -> httpx2.Response:
        from openai import Stream  # noqa: PLC0415  # loads the SDK

        client = self._sdk_client()
        stream: Stream[object] = client.post(
            CHAT_PATH,
            cast_to=object,
            body=request,
            options=self._request_options(options),
            stream=True,
            stream_cls=Stream[object],
        )
        return stream.response

    def _send(self, method: str, path: str, body: dict[str, Any] | None, options: CallOptions) -> object:
        import httpx2  # noqa: PLC0415  # loaded with the SDK

        client = self._sdk_client()
        how = self._request_options(options)
        if method == "GET":
            response = client.get(path, cast_to=httpx2.Response, options=how)
        else:
            response = client.post(path, cast_to=httpx2.Response, body=body, options=how)
        try:
            return response.json()
        except ValueError:
            raise BadAnswer("the answer is not JSON", provider=self.name) from None

    def _request_body(self, prompt: Prompt, options: CallOptions) -> dict[str, Any]:
        max_tokens = options.max_tokens or self._max_tokens
        chosen = {"max_tokens": max_tokens, "temperature": options.temperature}
        given = {name: value for name, value in chosen.items() if value is not None}
        return {
            "model": options.model or self._default_model(),
            "messages": prompt.as_chat_messages(),
            **given,
        }

    def _default_model(self) -> str:
        if not self.default_model:
            self.default_model = self._first_listed_model()
        return self.default_model

    def _first_listed_model(self) -> str:
        models = self.list_models()
        if not models:
            raise Unavailable("the endpoint offers no model", provider=self.name)
        return models[0].id

    def _request_options(self, options: CallOptions) -> Any:
        import httpx2  # noqa: PLC0415  # loaded with the SDK

        timeout = httpx2.Timeout(options.timeout_s or self._timeout_s, connect=self._connect_timeout_s)
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
        return openai.OpenAI(base_url=self._base_url, api_key=self._api_key or NO_KEY, max_retries=0)


def normalise_url(url: str) -> str:
    """Return the base of an endpoint's paths: a root gets `/v1`, a versioned path is kept."""
    base = url.strip().rstrip("/").removesuffix(CHAT_PATH)
    has_version = any(VERSION_SEGMENT.match(segment) for segment in urlsplit(base).path.split("/"))
    return base if has_version else f"{base}/v1"


def trace_headers(trace_id: str) -> dict[str, str]:
    """Return the W3C Trace Context header of a call; none for what is no trace id."""
    if not TRACE_ID.fullmatch(trace_id):
        return {}
    return {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}


def build_providers(lookup: SettingLookup) -> list[Provider]:
    url = read_url(lookup, "LLM_API_URL")
    if not url:
        raise MissingSetting("LLM_API_URL")
    return [
        OpenAICompatibleProvider(
            url=url,
            api_key=lookup("LLM_API_KEY", ""),
            model=lookup("LLM_MODEL", ""),
            max_tokens=read_count(lookup, "LLM_MAX_ANSWER_TOKENS"),
            connect_timeout_s=read_seconds(lookup, "LLM_CONNECT_TIMEOUT_S", 5.0),
            timeout_s=read_seconds(lookup, "LLM_TIMEOUT_S", 60.0),
            supports_images=read_flag(lookup, "LLM_SUPPORTS_IMAGES"),
        )
    ]
