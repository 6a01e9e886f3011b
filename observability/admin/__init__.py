"""What operators look back at, on the admin site."""

from __future__ import annotations

from observability.admin.traces import TracePartAdmin

__all__ = ["TracePartAdmin"]
