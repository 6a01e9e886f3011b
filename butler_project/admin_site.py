"""The admin site, whose login page looks at so many passwords and no more."""

from __future__ import annotations

import math
import secrets
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import ngettext

from butler_project.addresses import find_origin
from butler_project.login_limits import Attempt, Visitor, begin_attempt, digest_name
from butler_project.metrics import ADMIN_LOGINS, OK, REFUSED, WRONG

log = structlog.get_logger(__name__)

BROWSER_COOKIE = "known_browser"
BROWSER_KNOWN_S = 180 * 86_400  # staff who look in twice a year are not taken for strangers
MINUTE_S = 60


class GuardedLoginForm(AdminAuthenticationForm):
    """Django's, which looks at a password if the visitor may try one; `wait_s` says when to come back."""

    wait_s = 0

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username")
        if self.request is None or not name or not self.cleaned_data.get("password"):
            return super().clean()
        address = find_origin(self.request)
        attempt = begin_attempt(Visitor(name, address, read_browser_id(self.request, name)))
        self._refuse_if_too_many(attempt, address)
        cleaned = self._look_at_password(attempt, address)
        attempt.forgive()
        ADMIN_LOGINS.labels(OK).inc()
        log.info("admin logged in", staff_id=str(self.get_user().pk), address=address)
        return cleaned

    def _refuse_if_too_many(self, attempt: Attempt, address: str) -> None:
        if attempt.refusal is None:
            return
        self.wait_s = math.ceil(attempt.refusal.wait_s)
        ADMIN_LOGINS.labels(REFUSED).inc()
        log.warning("admin login refused", bound=attempt.refusal.kind, address=address, wait_s=self.wait_s)
        minutes = math.ceil(self.wait_s / MINUTE_S)
        message = ngettext(
            "There have been too many wrong passwords. I shall look at the next one in %(minutes)s minute.",
            "There have been too many wrong passwords. I shall look at the next one in %(minutes)s minutes.",
            minutes,
        )
        raise ValidationError(message, code="too_many", params={"minutes": minutes})

    def _look_at_password(self, attempt: Attempt, address: str) -> dict[str, Any]:
        try:
            return super().clean()
        except ValidationError:
            ADMIN_LOGINS.labels(WRONG).inc()
            log.warning("admin password wrong", address=address)
            raise
        except Exception:  # the database is away: whoever tries again meanwhile is not to be locked out
            attempt.withdraw()
            raise


class GuardedAdminSite(AdminSite):
    """Django's, with that form: a refused try is answered with 429, and a browser that got in is known."""

    login_form = GuardedLoginForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method != "POST":
            return response
        if isinstance(response, HttpResponseRedirect):  # Django's answer to a right password
            remember_browser(request, response)
        elif wait_s := find_wait_s(response):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(wait_s)
        return response


def find_wait_s(response: HttpResponse) -> int:
    context = getattr(response, "context_data", None) or {}
    return getattr(context.get("form"), "wait_s", 0)


def read_browser_id(request: HttpRequest, name: str) -> str | None:
    """Return the id of a browser that has logged in under this very name."""
    signed = request.get_signed_cookie(
        BROWSER_COOKIE, default="", salt=BROWSER_COOKIE, max_age=BROWSER_KNOWN_S
    )
    digest, _, browser_id = (signed or "").partition(":")
    return browser_id if digest == digest_name(name) else None


def remember_browser(request: HttpRequest, response: HttpResponse) -> None:
    """Have the browser show next time that whoever uses it has known the password."""
    name = request.user.get_username()
    browser_id = read_browser_id(request, name) or secrets.token_hex(16)
    response.set_signed_cookie(
        BROWSER_COOKIE,
        f"{digest_name(name)}:{browser_id}",
        salt=BROWSER_COOKIE,
        max_age=BROWSER_KNOWN_S,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
