"""The header by which a vendor's own trace of a call can be found again.

Source: W3C Trace Context, "traceparent Header Field Values".
"""

from __future__ import annotations

import re
import secrets

import tracing

TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
SPAN_ID_BYTES = 8


def trace_headers(trace_id: str) -> dict[str, str]:
    """Return the header of one call, below the step under way; none for what is no trace id."""
    if not TRACE_ID.fullmatch(trace_id):
        return {}
    span_id = tracing.current_span_id(trace_id) or secrets.token_hex(SPAN_ID_BYTES)
    return {"traceparent": f"00-{trace_id}-{span_id}-01"}
