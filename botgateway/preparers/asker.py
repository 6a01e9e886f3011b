"""Who sent what is being prepared: what their model takes as it is, and whether they have been forgotten meanwhile."""

from __future__ import annotations

from django.conf import settings

from botgateway.domain.updates import IncomingMessage
from botgateway.models import InboxUpdate
from llm.catalogue import find_route
from llm.prompt import MEDIA_MAX_BYTES, MediaKind, estimate_media_tokens
from llm.route import Candidate
from personalization.domain.budget import find_budget
from personalization.domain.profiles import find_profile


def find_first_model(message: IncomingMessage) -> Candidate:
    """Return the model that is asked first about a message: the person's choice, or the house's own."""
    profile = find_profile(message.user_id) if has_memory(message) else None
    return find_route(profile.model if profile else "").first


def has_memory(message: IncomingMessage) -> bool:
    """Tell whether anything of its sender may be kept."""
    return settings.PERSONALIZATION_ENABLED and message.is_private


def is_taken(
    model: Candidate,
    kind: MediaKind,
    *,
    size_bytes: int,
    pages: int | None = None,
    duration_s: float | None = None,
) -> bool:
    """Tell whether a model can be shown a file as it is: it takes the kind, and a prompt has room for it."""
    tokens = estimate_media_tokens(kind, size_bytes=size_bytes, pages=pages, duration_s=duration_s)
    is_small = size_bytes <= MEDIA_MAX_BYTES and tokens < find_budget(model)
    return is_small and model.capabilities.takes(kind)


def is_forgotten(update: InboxUpdate) -> bool:
    """Tell whether the message's words have been erased, which is how a person is forgotten, while it was prepared."""
    return InboxUpdate.objects.filter(pk=update.pk, payload="").exists()
