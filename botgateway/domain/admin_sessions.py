"""Who has shown the admins' password lately, and who has tried too often to guess it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.hashers import check_password

from botgateway.domain import windows
from botgateway.domain.updates import EDITED_KIND, MESSAGE_KIND
from botgateway.models import InboxUpdate
from redis_connection import redis_client

WRONG_PER_PERSON = 5
WRONG_OF_EVERYBODY = 20  # whoever guesses under many names
WRONG_WINDOW_S = 900
LOCK_S = 900
EVERYBODY = "admin-wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """`locked_s`: so long no password is looked at."""

    is_open: bool
    locked_s: float = 0.0


def log_in(user_id: str, password: str, *, attempt_key: str, is_known_admin: bool = False) -> Login:
    """Open a session for the right password. An attempt counts as wrong until it has proved right.

    `attempt_key` identifies the attempt: one that is made again after a crash counts once. An admin by
    configuration is not locked out by what others guess.
    """
    own = f"{EVERYBODY}:{user_id}"
    window = {"window_s": WRONG_WINDOW_S, "lock_s": LOCK_S}
    locked_s = windows.admit(own, attempt_key, limit=WRONG_PER_PERSON, **window)
    if not locked_s and not is_known_admin:
        locked_s = windows.admit(EVERYBODY, attempt_key, limit=WRONG_OF_EVERYBODY, **window)
    if locked_s:
        return Login(is_open=False, locked_s=locked_s)
    if not check_password(password, settings.ADMIN_PASSWORD_HASH):
        return Login(is_open=False)
    redis_client().set(_key(user_id), 1, ex=settings.ADMIN_SESSION_S)
    windows.forget(own)
    windows.forget(EVERYBODY, attempt_key)
    return Login(is_open=True)


def log_out(user_id: str) -> None:
    redis_client().delete(_key(user_id))


def is_logged_in(user_id: str) -> bool:
    return bool(redis_client().exists(_key(user_id)))


def forget_password(updates: Iterable[InboxUpdate], *, words: str) -> None:
    """Put other words into the place of those with the password.

    The update itself has to stay readable: its answer may have to wait for its turn, or be given again after a crash.
    """
    for update in filter(lambda update: update.payload, updates):
        content = json.loads(update.payload)
        for kind in (MESSAGE_KIND, EDITED_KIND):
            if isinstance(message := content.get(kind), dict):
                content[kind] = {**message, "text": words, "entities": []}
        update.payload = json.dumps(content)
        InboxUpdate.objects.filter(pk=update.pk).update(payload=update.payload)


def _key(user_id: str) -> str:
    return f"admin-session:{user_id}"
