"""Background work of the Butler core."""

from __future__ import annotations

from celery import Task, shared_task

from llm.catalogue import find_route
from llm.chain import configured_chain
from personalization.domain import files
from personalization.domain.compression import Status, compress_memory

MODEL_RETRIES = 3
FIRST_RETRY_S = 10  # doubled each time: 10 s, 20 s, 40 s before the model counts as staying down


@shared_task(name="personalization.compress_user_memory", bind=True, max_retries=MODEL_RETRIES)
def compress_user_memory(self: Task, user_id: str) -> str:
    """Compress one person's memory; the model's outage is waited out, then the extractive summary serves."""
    has_waited = self.request.retries >= MODEL_RETRIES
    outcome = compress_memory(
        user_id, chain=configured_chain(find_route("")), is_extractive_allowed=has_waited
    )
    if outcome.status is Status.UNAVAILABLE and not has_waited:
        raise self.retry(countdown=FIRST_RETRY_S * 2**self.request.retries)
    return outcome.status.value


@shared_task(name="personalization.expire_files")
def expire_files() -> int:
    """Delete the files that have grown too old; return how many."""
    return files.expire_files()
