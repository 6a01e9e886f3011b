"""What the calls for one digest cost, whether or not it came to be: models are paid for answers that are no use too."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llm.call import ExchangeRecord
from llm.chain import Chain


@dataclass(slots=True)
class Spending:
    """Sums over calls, for one thread; `model` is whom the latest one asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_estimated: bool = False
    model: str = ""

    def counting(self, chain: Chain) -> Chain:
        """Return the chain with its calls counted here too."""

        def record(exchange: ExchangeRecord) -> None:
            self.prompt_tokens += exchange.prompt_tokens
            self.completion_tokens += exchange.completion_tokens
            self.is_estimated |= exchange.is_estimated
            self.model = exchange.model
            chain.record(exchange)

        return replace(chain, record=record)
