"""A stack with every provider, each behind a stand-in that speaks its vendor's wire; one for a pytest process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from tests.harness.gemini_standin import GeminiStandIn
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.shared_stack import QUICK, start_stack
from tests.harness.stack import Stack

KEYS = {name: f"sk-{name}-canary-7d1f" for name in ("main", "reserve", "mistral", "deepseek", "gemini")}
BREAKER_FAILURES = 3


@dataclass(frozen=True)
class VendorsStack:
    """`models` are the stand-ins by provider; `shaky` is a second name of `reserve`, for what leaves traces."""

    stack: Stack
    models: dict[str, LLMStandIn]

    def forget_orders(self) -> None:
        self.stack.forget_orders()
        for model in self.models.values():
            model.clear()


@cache
def vendors_stack(config: pytest.Config) -> VendorsStack:
    """Return the running stack of this pytest process. The house's own model falls back to `reserve`."""
    others: dict[str, LLMStandIn] = {
        "reserve": LLMStandIn("--api-key", KEYS["reserve"]),
        "mistral": LLMStandIn("--api-key", KEYS["mistral"], dialect="mistral"),
        "deepseek": LLMStandIn("--api-key", KEYS["deepseek"], dialect="deepseek"),
        "gemini": GeminiStandIn("--api-key", KEYS["gemini"]),
    }
    for model in others.values():
        config.add_cleanup(model.stop)
    settings = {
        **QUICK,
        "LLM_ENDPOINTS": "reserve,shaky",
        "LLM_RESERVE_API_URL": others["reserve"].url,
        "LLM_RESERVE_API_KEY": KEYS["reserve"],
        "LLM_RESERVE_MODEL": "standin-72b",
        "LLM_SHAKY_API_URL": others["reserve"].url,
        "LLM_SHAKY_API_KEY": KEYS["reserve"],
        "LLM_SHAKY_MODEL": "standin-7b",
        "MISTRAL_API_URL": others["mistral"].url,
        "MISTRAL_API_KEY": KEYS["mistral"],
        "DEEPSEEK_API_URL": others["deepseek"].url,
        "DEEPSEEK_API_KEY": KEYS["deepseek"],
        "GEMINI_API_URL": others["gemini"].root,
        "GEMINI_API_KEY": KEYS["gemini"],
        "LLM_FALLBACK": "reserve",
        "LLM_RETRIES": "1",
        "LLM_BREAKER_FAILURES": str(BREAKER_FAILURES),
        "LLM_BREAKER_PAUSE_S": "600",
        "LOG_LEVEL": "DEBUG",
    }
    stack = start_stack(config, **settings)
    assert stack.model is not None
    return VendorsStack(stack, {"openai_compatible": stack.model, **others, "shaky": others["reserve"]})
