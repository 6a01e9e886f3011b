"""The gateway for staff: people and decisions about them, what arrived, what was told unasked."""

from __future__ import annotations

from botgateway.admin import broadcasts, people, records

__all__ = ["broadcasts", "people", "records"]
