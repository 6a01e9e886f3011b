"""Google's Gemini by its maintained SDK, with pictures, recordings and PDF as they are.

Source: https://ai.google.dev/api. The SDK is loaded by the first call or `warm_up`. What it would do on its own stays
off: trying again, going on after a cut, reading keys and modes from the environment, writing logs.
"""

from __future__ import annotations

import logging
import re
import threading
import warnings
import weakref
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from llm.cancellation import Cancellation
from llm.errors import ModelNotFound
from llm.prompt import Prompt
from llm.provider_settings import Limits, MissingSetting, SettingLookup, read_key, read_limits, read_url
from llm.providers.base import CallOptions, Capabilities, Completion, Deltas, ModelDescription, Provider
from llm.providers.gemini_format.answer import NAME_PREFIX, AnswerInPieces, models_of
from llm.trace_context import trace_headers

if TYPE_CHECKING:
    import httpx2
    from google import genai
    from google.genai import types

    from llm.timed_body import TimedBody

DEFAULT_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"  # only here are the names that follow the newest model, such as `gemini-flash-latest`
DEFAULT_MODEL = "gemini-3.8-flash"  # in November 2026 the newest of the fast ones
MODEL_NAME = re.compile(r"\w[\w.-]*(/\w[\w-]*)?", re.A)  # it becomes a part of the address
MOST_PAGES = 20  # of models; a server that never comes to its last one is not followed

SERVER_DEADLINE_HEADER = "x-server-timeout"
SDK_LOGGERS = ("google_genai", "httpx2", "httpcore2")


class GeminiProvider(Provider):
    """One client with one connection pool, shared by all threads."""

    name = "gemini"
    capabilities = Capabilities(
        supports_files=True, supports_images=True, supports_audio=True, context_tokens=1_048_576
    )

    def __init__(
        self,
        *,
        api_key: str,
        url: str = DEFAULT_URL,
        model: str = DEFAULT_MODEL,
        limits: Limits | None = None,
    ) -> None:
        self.default_model = model.removeprefix(NAME_PREFIX)
        self._api_key = api_key
        self._base_url = url.strip().rstrip("/").removesuffix(f"/{API_VERSION}")
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._client: genai.Client | None = None
        self._opened = _OpenedResponse()

    def warm_up(self) -> None:
        self._sdk_client()

    def list_models(self) -> list[ModelDescription]:
        client = self._sdk_client()
        from llm.providers.gemini_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        try:
            return models_of(self._pages(client), provider=self.name)
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None

    def _pages(self, client: genai.Client) -> Iterator[types.Model]:
        """Yield the models of every page; the SDK's own iteration stumbles over an empty one."""
        from llm.providers.gemini_format.request import listing_of  # noqa: PLC0415  # loads the SDK

        pager = client.models.list(config=listing_of(timeout_s=self._limits.timeout_s))
        yield from pager.page
        for _ in range(MOST_PAGES - 1):
            if not pager.config.get("page_token"):
                return
            yield from pager.next_page()

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        client = self._sdk_client()
        from llm.providers.gemini_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        asked = self._question(prompt, options)
        answer = AnswerInPieces(prompt=prompt, model=asked["model"], provider=self.name)
        try:
            answer.take(client.models.generate_content(**asked))
        except SDK_ERRORS as error:
            raise translate_error(error, provider=self.name) from None
        finally:
            self._opened.forget()
        return answer.completion()

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        client = self._sdk_client()
        from llm.providers.gemini_format.errors import SDK_ERRORS, translate_error  # noqa: PLC0415  # loads the SDK

        asked = self._question(prompt, options)
        answer = AnswerInPieces(prompt=prompt, model=asked["model"], provider=self.name)
        try:
            with closing(self._pieces(client, asked, options.cancellation)) as pieces:
                for piece in pieces:
                    if delta := answer.take(piece):
                        yield delta
        except SDK_ERRORS as error:
            # What breaks after the answer's end spoils nothing.
            if not answer.is_finished:
                raise translate_error(error, provider=self.name, has_begun=answer.has_begun) from None
        return answer.completion()

    def _pieces(
        self, client: genai.Client, asked: dict[str, Any], cancellation: Cancellation | None
    ) -> Generator[types.GenerateContentResponse]:
        """Yield what the SDK reads, and close its response, which a kept error would keep from being collected."""
        self._opened.forget()
        self._opened.cancellation = cancellation
        response: httpx2.Response | None = None
        try:
            for piece in client.models.generate_content_stream(**asked):
                response = response or self._opened.latest  # this thread may open others between two pieces
                yield piece
                if response:
                    cast("TimedBody", response.stream).note_progress()
        finally:
            if opened := response or self._opened.latest:
                opened.close()
            self._opened.forget()  # with the request, and all the media in it

    def _question(self, prompt: Prompt, options: CallOptions) -> dict[str, Any]:
        """Return what the SDK is asked. Raises `Rejected` for media that one request cannot carry, `ModelNotFound`."""
        from llm.providers.gemini_format.request import config_of, contents_of  # noqa: PLC0415  # loads the SDK

        model = options.model or self.default_model
        if not MODEL_NAME.fullmatch(model):
            raise ModelNotFound("no model has such a name", provider=self.name)
        config = config_of(
            prompt,
            model=model,
            max_tokens=options.max_tokens or self._limits.max_tokens,
            temperature=options.temperature,
            timeout_s=options.timeout_s or self._limits.timeout_s,
            headers=trace_headers(options.trace_id),
        )
        return {"model": model, "contents": contents_of(prompt, provider=self.name), "config": config}

    def _sdk_client(self) -> genai.Client:
        with self._lock:
            if self._client is None:
                self._client = self._build_client()
            return self._client

    def _build_client(self) -> genai.Client:
        import httpx2  # noqa: PLC0415  # loaded with the SDK
        from google import genai  # noqa: PLC0415  # 0.4 s and 32 MB that only a worker needs
        from google.genai.client import DebugConfig  # noqa: PLC0415

        from llm import timed_body  # noqa: F401, PLC0415  # ready for the first call
        from llm.providers.gemini_format import errors, request  # noqa: F401, PLC0415

        _silence_sdk()
        limit = partial(_limit, connect_timeout_s=self._limits.connect_timeout_s)
        http = httpx2.Client(event_hooks={"request": [limit], "response": [self._opened.note]})
        options = genai.types.HttpOptions(base_url=self._base_url, api_version=API_VERSION, httpx_client=http)
        # Whatever is left out here the SDK takes from variables of its own.
        no_replay = DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
        client = genai.Client(
            api_key=self._api_key, vertexai=False, debug_config=no_replay, http_options=options
        )
        weakref.finalize(client, http.close)  # which the SDK leaves to whoever brought it
        return client


class _OpenedResponse(threading.local):
    """What this thread's latest request was answered with; the SDK shows no response while it streams.

    `cancellation` is that of the request that comes next.
    """

    latest: httpx2.Response | None = None
    cancellation: Cancellation | None = None

    def note(self, response: httpx2.Response) -> None:
        from llm.timed_body import limit_body  # noqa: PLC0415  # loads the SDK's HTTP library

        limit_body(response, self.cancellation)
        self.latest = response
        self.cancellation = None

    def forget(self) -> None:
        self.latest = self.cancellation = None


def _limit(request: httpx2.Request, *, connect_timeout_s: float) -> None:
    """Bound the wait for a connection, and take back the SDK's demand that the whole answer be made in time."""
    request.extensions["timeout"]["connect"] = connect_timeout_s
    request.headers.pop(SERVER_DEADLINE_HEADER, None)


def _silence_sdk() -> None:
    """Leave logging to the caller, who counts calls; a word that is newer than the SDK is worth no warning."""
    for logger in SDK_LOGGERS:
        logging.getLogger(logger).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", r".* is not a valid \w+", UserWarning, r"google\.genai\.")


def build_providers(lookup: SettingLookup) -> list[Provider]:
    api_key = read_key(lookup, "GEMINI_API_KEY")
    if not api_key:
        raise MissingSetting("GEMINI_API_KEY")
    return [
        GeminiProvider(
            api_key=api_key,
            url=read_url(lookup, "GEMINI_API_URL", DEFAULT_URL),
            model=lookup("GEMINI_MODEL", DEFAULT_MODEL),
            limits=read_limits(lookup),
        )
    ]
