"""The dashboard for the admin's first page."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.utils.translation import gettext_lazy as _

from observability.dashboard.build import build_dashboard

register = template.Library()

PERMISSION = "observability.view_hourlyfigures"
PARAMETER = "figures"
TEXTS = {
    "title": _("The house in figures"),
    "periods": _("Period"),
    "empty": _(
        "There are no figures yet. They are computed every five minutes by a worker, as soon as workers and beat run."
    ),
    "table": _("Figures as a table"),
    "step": _("From"),
    "note": _(
        "Over several hours: the median of the hours' medians, and the 95th percentile of the worst hour."
    ),
}


@register.inclusion_tag("admin/dashboard/panel.html", takes_context=True)
def show_dashboard(context: Context) -> dict[str, Any]:
    """Show the figures to staff who may see them, nothing to others."""
    request = context["request"]
    if not request.user.has_perm(PERMISSION):
        return {"dashboard": None}
    dashboard = build_dashboard(request.GET.get(PARAMETER, ""))
    return {"dashboard": dashboard, "texts": TEXTS, "parameter": PARAMETER}
