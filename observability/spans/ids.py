"""Which ids spans get, and of which requests spans are kept."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

import tracing

# W3C Trace Context Level 2, "random-trace-id flag": these bits of a trace id are random. Of ours the two above them
# are not: a UUID's. The SDK's own sampler looks at 64 bits, and would take none or all of our requests.
RANDOM_BITS = 56
RANDOM_MASK = 2**RANDOM_BITS - 1


class TraceIds(RandomIdGenerator):
    """Random ids, but for the root of a request whose trace id is known."""

    def generate_trace_id(self) -> int:
        root = tracing.root_ids.get()
        return root[0] if root else super().generate_trace_id()

    def generate_span_id(self) -> int:
        root = tracing.root_ids.get()
        return root[1] if root else super().generate_span_id()


class ShareSampler(Sampler):
    """Keeps the spans of a share of all requests, 0 to 1; all spans of a request or none, in whichever process."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._bound = round(ratio * 2**RANDOM_BITS)
        self._dropped = SamplingResult(Decision.DROP)

    def should_sample(  # noqa: PLR0917  # the SDK calls it so
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes | None = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if trace_id & RANDOM_MASK >= self._bound:
            return self._dropped
        return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        return f"ShareSampler{{{self._ratio}}}"
