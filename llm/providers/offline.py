"""The provider that needs no model."""

from __future__ import annotations

from llm.prompt import Prompt
from llm.providers.base import (
    CallOptions,
    Capabilities,
    Completion,
    Deltas,
    ModelDescription,
    Provider,
    SettingLookup,
    Usage,
)
from llm.tokens import estimate_tokens

MODEL = "offline-butler"


class OfflineProvider(Provider):
    """Answers by rules, and says so."""

    name = "offline"
    capabilities = Capabilities(context_tokens=32_768)

    def __init__(self, *, chunk_delay_s: float = 0.0) -> None:
        self._chunk_delay_s = chunk_delay_s

    def list_models(self) -> list[ModelDescription]:
        return [ModelDescription(id=MODEL, provider=self.name)]

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        text = "К Вашим услугам. Признаюсь сразу: я не языковая модель, а автономный дворецкий."
        usage = Usage(estimate_tokens(prompt.system_text), estimate_tokens(text), is_estimated=True)
        return Completion(text=text, model=MODEL, provider=self.name, usage=usage)

    def _stream(self, prompt: Prompt, options: CallOptions) -> Deltas:
        completion = self._complete(prompt, options)
        yield completion.text
        return completion


def build_provider(lookup: SettingLookup) -> Provider:
    return OfflineProvider(chunk_delay_s=float(lookup("OFFLINE_CHUNK_DELAY_S", "0.02")))
