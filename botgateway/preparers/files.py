"""A document or a picture: fetched, stored under a name of ours, its text extracted."""

from __future__ import annotations

from botgateway.domain.preparation import Preparation
from botgateway.domain.updates import IncomingMessage
from botgateway.models import InboxUpdate


def prepare_file(update: InboxUpdate, message: IncomingMessage) -> Preparation:
    return Preparation(failure="unsupported")
