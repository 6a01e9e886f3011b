"""The reset of chosen people: what goes is shown, confirmed, done one by one, and noted for each."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from admin_lists import ListAdmin
from personalization.admin.reading import note
from personalization.domain.profiles import reset_profile
from personalization.domain.reset_preview import count_what_goes

NAMED = 20  # of those chosen, on the page that asks
RESET_NOTED = gettext_noop("reset: back to defaults, memory and files deleted")
COUNTED = {
    "profiles": _("profiles that go back to their defaults"),
    "summaries": _("summaries that are deleted"),
    "events": _("memory events that are deleted"),
    "files": _("files that are deleted"),
    "passages": _("passages of files' texts that are deleted"),
}


class ResetAdmin(ListAdmin):
    """A list of documents with a `user_id`, whose people can be reset.

    The confirmation names those chosen one by one only as far as a page of the list goes; a choice across all pages is
    the list's own query again. If that finds other people than were counted, it is asked anew.
    """

    can_tell = False  # whether people can be told of it

    @admin.action(description=_("Reset: back to defaults, delete memory and files"), permissions=["change"])
    def reset_profiles(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask for confirmation, then reset each of those chosen."""
        user_ids = list(queryset.order_by().values_list("user_id", flat=True))
        if request.POST.get("confirmed") != str(len(user_ids)):
            return self._ask(request, user_ids)
        deleted = sum(self._reset_and_note(request, user_id) for user_id in user_ids)
        text = gettext("People reset: %(people)d; memory events deleted: %(events)d.")
        self.message_user(request, text % {"people": len(user_ids), "events": deleted}, messages.SUCCESS)
        return None

    def reset_one(self, request: HttpRequest, user_id: str) -> int:
        """Reset one person; return how many events went."""
        return reset_profile(user_id)

    def _reset_and_note(self, request: HttpRequest, user_id: str) -> int:
        deleted = self.reset_one(request, user_id)
        note(request, user_id, RESET_NOTED, flag=CHANGE)
        return deleted

    def _ask(self, request: HttpRequest, user_ids: list[str]) -> HttpResponse:
        counts = asdict(count_what_goes(user_ids))
        is_across = request.POST.get("select_across") == "1"
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reset?"),
            "opts": self.opts,
            "counts": [(name, COUNTED[name], number) for name, number in counts.items()],
            "people": len(user_ids),
            "named": user_ids[:NAMED],
            "unnamed": max(0, len(user_ids) - NAMED),
            "is_changed": "confirmed" in request.POST,
            "is_across": is_across,
            "chosen": chosen[:1] if is_across else chosen,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "can_tell": self.can_tell,
            "from_page": request.POST.get("from_page", ""),
            "occasion": uuid.uuid4().hex,
        }
        return TemplateResponse(request, "admin/people/confirm_reset.html", context)
