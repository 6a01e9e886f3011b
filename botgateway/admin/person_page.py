"""A person's page: who they are, what can be done about them, and sections that are fetched as they are looked at.

Every section has an address of its own. The page's script fetches it and puts it in place; without the script, its
link leads there.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode

from admin_lists import ListAdmin
from botgateway.admin.sections import FILE_TEXT, SECTIONS, Section, Wanted
from botgateway.domain.access import is_admin
from botgateway.domain.decisions import POSSIBLE
from botgateway.enums import AccessState
from botgateway.models import Person
from personalization.admin.reading import has_permission, log_reading, may_read

PAGE = "admin:botgateway_person_page"
SECTION = "admin:botgateway_person_section"
FILE = "admin:botgateway_person_file"
FRAGMENT_HEADER = "X-Fragment"  # sent by the page's script, which wants no page around it
DECISIONS = {
    AccessState.APPROVED: "approve",
    AccessState.REFUSED: "refuse",
    AccessState.BLOCKED: "block",
}
WORDS_MAX_CHARS = 100


class PersonPageAdmin(ListAdmin):
    """Adds the addresses `of/<user id>/…`."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("of/<str:user_id>/", view(self.show_page), name="botgateway_person_page"),
            path(
                "of/<str:user_id>/files/<uuid:file_id>/",
                view(self.show_file_text),
                name="botgateway_person_file",
            ),
            path("of/<str:user_id>/<slug:name>/", view(self.show_section), name="botgateway_person_section"),
            *super().get_urls(),
        ]

    def show_page(self, request: HttpRequest, user_id: str) -> HttpResponse:
        person = self._find(request, user_id)
        context = {
            **self._build_context(request, person),
            "sections": [self._describe(request, person, section) for section in SECTIONS.values()],
            "actions": self._list_actions(request, person),
        }
        return render(request, "admin/people/page.html", context)

    def show_section(self, request: HttpRequest, user_id: str, name: str) -> HttpResponse:
        if name not in SECTIONS:
            raise Http404
        return self._answer(request, self._find(request, user_id), SECTIONS[name])

    def show_file_text(self, request: HttpRequest, user_id: str, file_id: uuid.UUID) -> HttpResponse:
        return self._answer(request, self._find(request, user_id), FILE_TEXT, reference=str(file_id))

    def _find(self, request: HttpRequest, user_id: str) -> Person:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Person, user_id=user_id)

    def _answer(
        self, request: HttpRequest, person: Person, section: Section, *, reference: str = ""
    ) -> HttpResponse:
        """Show a page of a section, alone or with the site around it. Its reading is logged before."""
        described = self._describe(request, person, section)
        context = {**self._build_context(request, person), **described}
        if described["is_allowed"]:
            number = request.GET.get("page", "1")
            page = int(number) if number.isdecimal() else 1
            words = request.GET.get("words", "").strip()[:WORDS_MAX_CHARS]
            if section.is_private:
                log_reading(request, [person.user_id], part=section.name, page=page)
            context |= section.read(Wanted(person, page, words, reference))
            context |= {"words": words, "page": page, "address": request.path}
            context |= {"query": urlencode({"words": words}) if words else ""}
        is_fragment = FRAGMENT_HEADER in request.headers
        template = "admin/people/fragment.html" if is_fragment else "admin/people/section.html"
        return render(request, template, context)

    def _build_context(self, request: HttpRequest, person: Person) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "person": person,
            "title": str(person),
            "may_read": may_read(request),
            "page_url": reverse(PAGE, args=[person.user_id]),
        }

    def _describe(self, request: HttpRequest, person: Person, section: Section) -> dict[str, Any]:
        is_allowed = has_permission(request, section.permission)
        return {
            "section": section,
            "template": f"admin/people/sections/{section.name}.html",
            "is_allowed": is_allowed,
            "is_fetched": is_allowed and not section.is_private,
            "url": "" if section is FILE_TEXT else reverse(SECTION, args=[person.user_id, section.name]),
        }

    def _list_actions(self, request: HttpRequest, person: Person) -> list[tuple[str, str]]:
        """Return names and titles of what can be done: of decisions, those that are possible."""
        left_out = set(DECISIONS.values()) - {DECISIONS[state] for state in possible_states(person)}
        actions = self.get_actions(request)
        return [
            (name, str(action[2]))
            for name in self.actions or ()
            if isinstance(name, str) and (action := actions.get(name)) and name not in left_out
        ]


def possible_states(person: Person) -> tuple[AccessState, ...]:
    """Return what can be decided about somebody; an admin by configuration is only let in."""
    possible = POSSIBLE[AccessState(person.access_state)]
    if not is_admin(person.user_id):
        return possible
    return tuple(state for state in possible if state is AccessState.APPROVED)
