"""Who may talk to Butler. The check stands before everything that costs: the model, speech, storage of files."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.db import IntegrityError

from botgateway.domain.updates import Incoming
from botgateway.enums import AccessPolicy, AccessState
from botgateway.models import Person


def check_access(incoming: Incoming) -> AccessState:
    """Return where the sender stands; somebody unknown becomes a person whose approval is pending."""
    if settings.ACCESS_POLICY == AccessPolicy.OPEN:
        return AccessState.APPROVED
    try:
        return AccessState(Person.objects.get(user_id=incoming.user_id).access_state)
    except Person.DoesNotExist:
        return _file_request(incoming)


def _file_request(incoming: Incoming) -> AccessState:
    with suppress(IntegrityError):  # the same person's other message was faster
        Person.objects.create(
            user_id=incoming.user_id,
            chat_id=str(incoming.chat_id),
            first_name=incoming.sender.first_name,
            username=incoming.sender.username,
        )
    return AccessState.PENDING
