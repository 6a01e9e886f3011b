"""Who of the staff may read what people said, and the log of who did.

A permission of its own opens conversations, summaries, files with their names, and the words of notices. Each page of
such words leaves a line in the log and an entry in Django's own log of the person, before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import structlog
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from personalization.models import UserProfile

log = structlog.get_logger(__name__)

READ_PERMISSION = "personalization.read_conversation"
NEEDS_PERMISSION = _("Hidden: the permission to read people's conversations is needed.")
READ_FLAG = 4  # of a log entry, beside Django's own 1 to 3
# By its name, as Django speaks of AUTH_USER_MODEL: the gateway is above the core.
PERSON_MODEL = "botgateway.Person"


def may_read(request: HttpRequest) -> bool:
    """Tell whether this member of staff may read what people said."""
    return has_permission(request, READ_PERMISSION)


def has_permission(request: HttpRequest, permission: str) -> bool:
    return cast("AbstractUser", request.user).has_perm(permission)


def log_reading(request: HttpRequest, user_ids: Iterable[str], *, part: str, page: int = 1) -> None:
    """Log that a page of somebody's words is being read; `part` names what they stand in."""
    staff = request.user.get_username()
    for user_id in user_ids:
        log.info("conversation read", staff=staff, user_id=user_id, part=part, page=page)
        note(request, user_id, f"{part} {page}", flag=READ_FLAG)


def note(request: HttpRequest, user_id: str, message: str, *, flag: int) -> None:
    """Leave an entry in Django's log of the person, of their profile if they are known by that alone.

    It carries the id and not the name, which would outlive a person who asks to be forgotten.
    """
    model, key = find_record(user_id)
    LogEntry.objects.create(
        user_id=request.user.pk,
        content_type=ContentType.objects.get_for_model(model),
        object_id=key,
        object_repr=user_id,
        action_flag=flag,
        change_message=message,
    )


def find_record(user_id: str) -> tuple[type[Model], str]:
    """Return which record stands for a person and its primary key, empty if there is none (any more)."""
    person_model = apps.get_model(PERSON_MODEL)
    for model in (person_model, UserProfile):
        if key := model._default_manager.filter(user_id=user_id).values_list("pk", flat=True).first():
            return model, str(key)
    return person_model, ""
