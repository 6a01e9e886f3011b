"""The provider interface: what a vendor implements, and everything around it done once."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from llm import metrics
from llm.cancellation import Cancellation
from llm.errors import BadAnswer, LLMError
from llm.prompt import MediaKind, Prompt, clean_text, is_blank

FINISH_STOP = "stop"
FINISH_LENGTH = "length"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model takes and gives: of a provider, what holds where none of its models says otherwise.

    `supports_files`: PDF as it is. `context_tokens`: prompt and answer together.
    """

    supports_files: bool = False
    supports_images: bool = False
    supports_audio: bool = False
    context_tokens: int = 8192

    def takes(self, kind: MediaKind) -> bool:
        """Tell whether media of this kind go through as they are."""
        return {
            MediaKind.FILE: self.supports_files,
            MediaKind.IMAGE: self.supports_images,
            MediaKind.AUDIO: self.supports_audio,
        }[kind]


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model a provider offers; `None` stands where the vendor does not say."""

    id: str
    provider: str
    context_tokens: int | None = None
    supports_files: bool | None = None
    supports_images: bool | None = None
    supports_audio: bool | None = None

    def capabilities_within(self, provided: Capabilities) -> Capabilities:
        """Return what this model can do: its own word, else that of its provider."""
        return replace(
            provided,
            context_tokens=self.context_tokens or provided.context_tokens,
            supports_files=_own_or(self.supports_files, provided.supports_files),
            supports_images=_own_or(self.supports_images, provided.supports_images),
            supports_audio=_own_or(self.supports_audio, provided.supports_audio),
        )


def _own_or(own: bool | None, provided: bool) -> bool:
    return provided if own is None else own


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in and out: the vendor's count, or ours when `is_estimated`."""

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer; `finish_reason` is `stop`, `length` or the vendor's own word."""

    text: str
    model: str
    provider: str
    usage: Usage
    finish_reason: str = FINISH_STOP

    @property
    def is_cut(self) -> bool:
        """Whether the limit of tokens ended it, perhaps in the middle of a word."""
        return self.finish_reason == FINISH_LENGTH


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What a caller may choose for one call; `None` leaves it to the provider.

    `timeout_s` bounds the wait for the first token and each wait between tokens, not the whole answer.
    `trace_id` is 32 hexadecimal digits, as W3C Trace Context has it. `cancellation` lets another thread end the wait
    for the next piece of a stream.
    """

    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    timeout_s: float | None = None
    trace_id: str = ""
    cancellation: Cancellation | None = None


Deltas = Generator[str, None, Completion]


class TextStream:
    """An answer as it arrives: iterate the pieces of text, then read `completion`.

    Nothing is sent before the first piece is asked for, so every `LLMError` comes out of the iteration.
    Use it as a context manager, or call `close()`: leaving early closes the HTTP response.
    It belongs to one thread.
    """

    def __init__(self, deltas: Deltas, *, provider: str, cancellation: Cancellation | None = None) -> None:
        self._deltas = deltas
        self._cancellation = cancellation
        self._provider = provider
        self._call = _MeasuredCall(provider)
        self._has_text = False
        self._completion: Completion | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        try:
            delta = next(self._deltas)
        except StopIteration as end:
            self._finish(end.value)
            raise StopIteration from None
        except BaseException as error:
            if self._is_cancelled:
                self._call.end(metrics.OUTCOME_CLOSED)  # the error is that the connection was shut for this
            else:
                self._call.end_with(error)
            raise
        self._note_text(delta)
        return delta

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def completion(self) -> Completion:
        """The whole answer with its usage. Raises `RuntimeError` before the stream is exhausted."""
        if self._completion is None:
            msg = "the stream has not come to its end"
            raise RuntimeError(msg)
        return self._completion

    def close(self) -> None:
        """Stop the answer and give its connection back; harmless when it has ended."""
        self._deltas.close()
        self._call.end(metrics.OUTCOME_CLOSED)

    @property
    def _is_cancelled(self) -> bool:
        return self._cancellation is not None and self._cancellation.asked.is_set()

    def _note_text(self, delta: str) -> None:
        if self._has_text or not delta.strip():
            return
        self._has_text = True
        self._call.note_first_token()

    def _finish(self, completion: Completion | None) -> None:
        if completion is None:
            return  # asked again after its end
        try:
            self._completion = _check_completion(completion, provider=self._provider)
        except BadAnswer as error:
            self._call.end_with(error)
            raise
        self._call.end(metrics.OUTCOME_OK)


class Provider(ABC):
    """A source of answers, safe to share between threads.

    A vendor implements `list_models` and `_stream`; measuring a call and refusing an empty answer is done here.
    `default_model` answers where a call names none; empty if only the vendor knows.
    """

    name: str
    capabilities: Capabilities
    default_model: str = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"  # and nothing of its address or key

    def warm_up(self) -> None:  # noqa: B027  # most providers have nothing to load
        """Load what the first call would otherwise wait for, without any network. For a worker's start."""

    @abstractmethod
    def list_models(self) -> list[ModelDescription]:
        """Return what can be asked for as `model`. Raises `LLMError`."""

    def generate(
        self,
        prompt: Prompt,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout_s: float | None = None,
        trace_id: str = "",
    ) -> Completion:
        """Return the whole answer, never an empty one. Raises `LLMError`; arguments as in `CallOptions`."""
        options = CallOptions(model, max_tokens, temperature, timeout_s, trace_id)
        call = _MeasuredCall(self.name)
        try:
            completion = _check_completion(self._complete(prompt, options), provider=self.name)
        except BaseException as error:
            call.end_with(error)
            raise
        call.end(metrics.OUTCOME_OK)
        return completion

    def stream(
        self,
        prompt: Prompt,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        temperature: float | None = None,
        timeout_s: float | None = None,
        trace_id: str = "",
        cancellation: Cancellation | None = None,
    ) -> TextStream:
        """Return the answer as it arrives; arguments as in `CallOptions`."""
        options = CallOptions(model, max_tokens, temperature, timeout_s, trace_id, cancellation)
        return TextStream(self._stream(prompt, options), provider=self.name, cancellation=cancellation)

    @abstractmethod
    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        """Yield the pieces of the answer and return it whole; release everything when closed.

        Whatever goes wrong is raised as one of our errors.
        """

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        """Return the whole answer, by the stream unless the vendor has a shorter way."""
        deltas = self._stream(prompt, options)
        try:
            while True:
                next(deltas)
        except StopIteration as end:
            completion: Completion = end.value
            return completion


def _check_completion(completion: Completion, *, provider: str) -> Completion:
    """Return the answer in valid UTF-8; JSON can bring lone surrogates. Raises `BadAnswer` if nothing is in it."""
    text = clean_text(completion.text)
    if is_blank(text):
        raise BadAnswer("the answer is empty", provider=provider)
    return completion if text == completion.text else replace(completion, text=text)


class _MeasuredCall:
    """Counts one call once, however it ends."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._started_at = time.monotonic()
        self._has_ended = False

    def note_first_token(self) -> None:
        metrics.FIRST_TOKEN.labels(self._provider).observe(time.monotonic() - self._started_at)

    def end(self, outcome: str) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        metrics.REQUESTS.labels(self._provider, outcome).inc()
        metrics.DURATION.labels(self._provider).observe(time.monotonic() - self._started_at)

    def end_with(self, error: BaseException) -> None:
        self.end(error.outcome if isinstance(error, LLMError) else metrics.OUTCOME_CRASHED)
