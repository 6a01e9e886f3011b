"""The reset of chosen people: what goes is shown, confirmed, done one by one, and noted for each."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from personalization.admin.confirmations import ConfirmingAdmin, list_user_ids
from personalization.admin.reading import note
from personalization.domain.profiles import reset_profile
from personalization.domain.reset_preview import count_what_goes

RESET_NOTED = gettext_noop("reset: back to defaults, memory and files deleted")
COUNTED = {
    "profiles": _("profiles that go back to their defaults"),
    "summaries": _("summaries that are deleted"),
    "events": _("memory events that are deleted"),
    "files": _("files that are deleted"),
    "passages": _("passages of files' texts that are deleted"),
}


class ResetAdmin(ConfirmingAdmin):
    """A list of documents with a `user_id`, whose people can be reset."""

    can_tell = False  # whether people can be told of it

    @admin.action(description=_("Reset: back to defaults, delete memory and files"), permissions=["change"])
    def reset_profiles(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask for confirmation, then reset each of those chosen."""
        user_ids = list_user_ids(queryset)
        if not self.is_confirmed(request, user_ids):
            return self._ask_about_reset(request, user_ids)
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

    def _ask_about_reset(self, request: HttpRequest, user_ids: list[str]) -> HttpResponse:
        counts = asdict(count_what_goes(user_ids))
        return self.ask(
            request,
            user_ids,
            template="admin/people/confirm_reset.html",
            title=_("Reset?"),
            counts=[(name, COUNTED[name], number) for name, number in counts.items()],
            can_tell=self.can_tell,
            occasion=uuid.uuid4().hex,
        )
