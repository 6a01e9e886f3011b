"""Pages whose buttons do with the one that is shown what the list can do with those chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from admin_lists import ListAdmin

FROM_PAGE = "from_page"


class OwnStyles:
    """Lists and pages of an admin that has this among its bases load our style sheet."""

    class Media:
        css = {"all": ["digests/page.css"]}


class PageActionsAdmin(OwnStyles, ListAdmin):
    change_form_template = "admin/digests/page.html"

    def list_possible(self, shown: Any) -> Sequence[str]:
        """Return the names of the actions that make sense for one record."""
        raise NotImplementedError  # not by `abc`, whose metaclass is another than that of Django's admin

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        actions = self.get_actions(request)
        possible = self.list_possible(context["original"])
        found = [(name, actions.get(name)) for name in possible]
        context["buttons"] = [(name, str(action[2])) for name, action in found if action]
        return super().render_change_form(request, context, *args, **options)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *location: Any, **named: Any
    ) -> HttpResponse | None:
        """Lead back to the page what came from there."""
        response = super().response_action(request, queryset, *location, **named)
        key = request.POST.get(FROM_PAGE, "")
        if not isinstance(response, HttpResponseRedirect) or key not in request.POST.getlist(
            ACTION_CHECKBOX_NAME
        ):
            return response
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", quote(key))
