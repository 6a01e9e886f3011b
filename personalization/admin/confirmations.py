"""A page between an action and what it does: who is meant is counted and named, and confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from admin_lists import ListAdmin

NAMED = 20  # of those chosen, on the page that asks


class ConfirmingAdmin(ListAdmin):
    """A list of documents with a `user_id`, some of whose actions are confirmed.

    The confirmation names those chosen one by one only as far as a page of the list goes; a choice across all pages is
    the list's own query again. If that finds other people than were counted, it is asked anew.
    """

    def is_confirmed(self, request: HttpRequest, user_ids: Sequence[str]) -> bool:
        return request.POST.get("confirmed") == digest_people(user_ids)

    def ask(
        self, request: HttpRequest, user_ids: Sequence[str], *, template: str, **shown: Any
    ) -> HttpResponse:
        """Ask whether to do with these people what was chosen; `template` extends `admin/people/confirm.html`."""
        is_across = request.POST.get("select_across") == "1"
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "people": len(user_ids),
            "people_digest": digest_people(user_ids),
            "named": user_ids[:NAMED],
            "unnamed": max(0, len(user_ids) - NAMED),
            "is_changed": "confirmed" in request.POST,
            "is_across": is_across,
            "chosen": chosen[:1] if is_across else chosen,
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "from_page": request.POST.get("from_page", ""),
            **shown,
        }
        return TemplateResponse(request, template, context)


def digest_people(user_ids: Sequence[str]) -> str:
    """Return what stands for exactly these people, in any order."""
    return hashlib.sha256("\n".join(sorted(user_ids)).encode()).hexdigest()


def list_user_ids(people: QuerySet[Any]) -> list[str]:
    return list(people.order_by().values_list("user_id", flat=True))
