"""The provider that needs no model: for the first run and for tests. It answers by rules and says so."""

from __future__ import annotations

import re
import time

from llm.extractive import summarise
from llm.offline.dialogue import reply_to
from llm.offline.digest import digest_posts
from llm.offline.review import review_statements
from llm.prompt import Prompt, Purpose, SectionKind
from llm.provider_settings import SettingLookup, read_seconds
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
)
from llm.usage import estimate_usage

MODEL = "offline-butler"
CONTEXT_TOKENS = 32_768
SUMMARY_LIMIT_CHARS = 2000
CHARS_PER_TOKEN = 2  # at least; what `max_tokens` allows a summary
WORDS = re.compile(r"\s*\S{1,40}|\s+")
DEFAULT_CHUNK_DELAY_S = 0.08  # about the pace of a small model on a processor


class OfflineProvider(Provider):
    """Deterministic; `chunk_delay_s` waits between the words of a reply, so that streaming can be seen."""

    name = "offline"
    capabilities = Capabilities(context_tokens=CONTEXT_TOKENS)
    default_model = MODEL

    def __init__(self, *, chunk_delay_s: float = 0.0) -> None:
        self._chunk_delay_s = chunk_delay_s

    def list_models(self) -> list[ModelDescription]:
        return [ModelDescription(MODEL, self.name, CONTEXT_TOKENS)]

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        text = _answer(prompt, options)
        return Completion(text, MODEL, self.name, estimate_usage(prompt, text))

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        completion = self._complete(prompt, options)
        delay_s = self._chunk_delay_s if prompt.purpose is Purpose.REPLY else 0  # nobody watches the others
        for word in WORDS.findall(completion.text):
            yield word
            if delay_s:
                time.sleep(delay_s)
        return completion


def _answer(prompt: Prompt, options: CallOptions) -> str:
    match prompt.purpose:
        case Purpose.SUMMARY:
            return _summarise(prompt, options)
        case Purpose.DIGEST:
            return digest_posts(prompt.turns)
        case Purpose.REVIEW:
            return review_statements(prompt.turns)
        case Purpose.REPLY:
            return reply_to(prompt)


def _summarise(prompt: Prompt, options: CallOptions) -> str:
    lines = prompt.section_text(SectionKind.SUMMARY).splitlines()
    earlier = "\n".join(line for line in lines if not line.rstrip().endswith(":"))  # without its heading
    limit_chars = (options.max_tokens or SUMMARY_LIMIT_CHARS) * CHARS_PER_TOKEN
    return summarise(
        prompt.turns,
        earlier=earlier,
        language=prompt.language,
        limit_chars=min(limit_chars, SUMMARY_LIMIT_CHARS),
    )


def build_providers(lookup: SettingLookup) -> list[Provider]:
    delay_s = read_seconds(lookup, "OFFLINE_CHUNK_DELAY_S", DEFAULT_CHUNK_DELAY_S, is_zero_allowed=True)
    return [OfflineProvider(chunk_delay_s=delay_s)]
