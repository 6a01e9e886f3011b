"""DeepSeek's models.

Sources: https://api-docs.deepseek.com/api/create-chat-completion, /api/list-models, /quick_start/pricing,
/quick_start/error_codes, /quick_start/rate_limit (keep-alive), /guides/thinking_mode, /guides/vision.
"""

from __future__ import annotations

from dataclasses import replace

from llm.provider_settings import MissingSetting, SettingLookup, read_key, read_limits, read_url
from llm.providers.base import Capabilities, ModelDescription, Provider
from llm.providers.openai_format.client import ChatCompletionsProvider

API_URL = "https://api.deepseek.com"
MODEL = "deepseek-flash"  # `deepseek-chat` was retired on 24 July 2026
SEEING_MODELS = {MODEL}  # the list says nothing of it, "Models & Pricing" does
CONTEXT_TOKENS = 1_000_000


class DeepSeekProvider(ChatCompletionsProvider):
    """Thinking is on unless it is switched off, and would let a person wait for a minute without a word."""

    name = "deepseek"
    capabilities = Capabilities(context_tokens=CONTEXT_TOKENS)
    version_path = ""
    own_fields = {"thinking": {"type": "disabled"}}

    def _read_models(self, body: object) -> list[ModelDescription]:
        return [
            replace(model, supports_images=model.id in SEEING_MODELS) for model in super()._read_models(body)
        ]


def build_providers(lookup: SettingLookup) -> list[Provider]:
    api_key = read_key(lookup, "DEEPSEEK_API_KEY")
    if not api_key:
        raise MissingSetting("DEEPSEEK_API_KEY")
    model = lookup("DEEPSEEK_MODEL", MODEL)
    return [
        DeepSeekProvider(
            url=read_url(lookup, "DEEPSEEK_API_URL", API_URL),
            api_key=api_key,
            model=model,
            capabilities=Capabilities(supports_images=model in SEEING_MODELS, context_tokens=CONTEXT_TOKENS),
            limits=read_limits(lookup),
        )
    ]
