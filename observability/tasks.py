"""Background work for operators."""

from __future__ import annotations

from celery import shared_task

from observability import figures


@shared_task(name="observability.compute_figures")
def compute_figures() -> int:
    """Bring the figures by the hour up to date; return how many hours were computed."""
    return figures.compute_figures()
