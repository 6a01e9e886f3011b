"""Traces for staff: requests, newest, slowest or failed first, and the steps of one on a line of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from admin_lists import TRACE_ID, RecordAdmin
from observability.models import TracePart
from observability.spans.labels import name_step, write_duration
from observability.spans.reading import Order, Page, Request, list_requests, read_steps
from observability.spans.waterfall import Bar, build_waterfall

LONGEST_S = 86_400.0
# Where the same trace id leads to: the update, and what the models were asked.
ELSEWHERE = (
    ("botgateway.view_inboxupdate", "admin:botgateway_inboxupdate_changelist", _("Updates")),
    ("llm.view_exchange", "admin:llm_exchange_changelist", _("Exchanges")),
)


class Wanted(forms.Form):
    """Which requests are listed; nonsense in the address counts as nothing asked."""

    show = forms.ChoiceField(
        label=_("Show"),
        required=False,
        choices=[
            (Order.NEWEST, _("newest first")),
            (Order.SLOWEST, _("slowest first")),
            (Order.FAILED, _("failed, newest first")),
        ],
    )
    over_s = forms.FloatField(
        label=_("longer than, s"), required=False, min_value=0.0, max_value=LONGEST_S, localize=False
    )
    q = forms.CharField(label=_("Trace id"), required=False, strip=True, max_length=64)
    before = forms.CharField(required=False, widget=forms.HiddenInput)


@admin.register(TracePart)
class TracePartAdmin(RecordAdmin):
    """Two pages of its own in the place of a list of documents."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name="observability_tracepart_changelist"),
            path("<str:trace_id>/", view(self.show_trace), name="observability_trace"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """List requests, or go to the one whose trace id is given."""
        self._ensure_permitted(request)
        form = Wanted(request.GET or None)
        wanted = _read_wanted(form)
        if TRACE_ID.fullmatch(wanted["q"]):
            return HttpResponseRedirect(reverse("admin:observability_trace", args=[wanted["q"]]))
        found = list_requests(wanted["show"], over_s=wanted["over_s"], before=wanted["before"])
        context = {
            "form": form,
            "requests": [_show_request(one) for one in found.requests],
            "older": _find_older(found, wanted),
            "title": gettext("Traces"),
        }
        return self._show(request, "traces", context)

    def show_trace(self, request: HttpRequest, trace_id: str) -> HttpResponse:
        """Show one request as a waterfall, and as a table."""
        self._ensure_permitted(request)
        steps = read_steps(trace_id) if TRACE_ID.fullmatch(trace_id) else []
        if not steps:
            raise Http404(gettext("Nothing is kept of this trace (any more)."))
        waterfall = build_waterfall(steps)
        context = {
            "trace_id": trace_id,
            "bars": [_show_bar(bar) for bar in waterfall.bars],
            "began_at": datetime.fromtimestamp(steps[0].started_us / 1_000_000).astimezone(),
            "took": write_duration(waterfall.duration_ms),
            "middle": write_duration(waterfall.duration_ms / 2),
            "waterfall": waterfall,
            "elsewhere": list(_find_elsewhere(request, trace_id)),
            "title": gettext("Trace"),
            "subtitle": trace_id,
        }
        return self._show(request, "trace", context)

    def _ensure_permitted(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _show(self, request: HttpRequest, page: str, context: dict[str, Any]) -> TemplateResponse:
        everywhere = self.admin_site.each_context(request)
        template = f"admin/observability/{page}.html"
        return TemplateResponse(request, template, {**everywhere, "opts": self.opts, **context})


def _read_wanted(form: Wanted) -> dict[str, Any]:
    form.is_valid()
    given = getattr(form, "cleaned_data", {})
    return {
        "show": Order(given.get("show") or Order.NEWEST),
        "over_s": given.get("over_s") or 0.0,
        "q": (given.get("q") or "").lower(),
        "before": _read_time(given.get("before") or ""),
    }


def _read_time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _find_older(page: Page, wanted: dict[str, Any]) -> str:
    """Return the query of the next page; empty where there is none."""
    if page.older_than is None:
        return ""
    given = {"show": wanted["show"].value, "before": page.older_than.isoformat()}
    return urlencode(given | ({"over_s": wanted["over_s"]} if wanted["over_s"] else {}))


def _show_request(request: Request) -> dict[str, Any]:
    return {
        "request": request,
        "name": name_step(request.name) if request.is_complete else gettext("not at its end"),
        "took": write_duration(request.duration_ms) if request.is_complete else "—",
        "facts": _show_facts(request.attributes),
    }


def _show_bar(bar: Bar) -> dict[str, Any]:
    # Style sheets know no decimal comma, whatever the language.
    return {
        "bar": bar,
        "name": name_step(bar.step.name),
        "left": f"{bar.left:.3f}%",
        "width": f"{bar.width:.3f}%",
        "offset": write_duration(bar.offset_ms),
        "took": write_duration(bar.step.duration_ms),
        "facts": _show_facts(bar.step.attributes),
    }


def _show_facts(attributes: dict[str, Any]) -> str:
    return " · ".join(f"{name.replace('_', ' ')}: {value}" for name, value in attributes.items())


def _find_elsewhere(request: HttpRequest, trace_id: str) -> Iterator[tuple[str, Promise]]:
    user = cast("AbstractUser", request.user)
    for permission, name, label in ELSEWHERE:
        if not user.has_perm(permission):
            continue
        try:
            yield f"{reverse(name)}?{urlencode({'q': trace_id})}", label
        except NoReverseMatch:  # an app without its admin
            continue
