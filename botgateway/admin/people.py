"""People for staff: who may talk to Butler, and what can be done about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from admin_lists import IndexedChangeList
from botgateway.admin.exports import export_people
from botgateway.admin.person_page import PAGE, SECTION, PersonPageAdmin
from botgateway.domain.decisions import Decision, ImpossibleDecision, UnknownPerson, decide
from botgateway.domain.resets import reset_person
from botgateway.enums import AccessState, DecisionSource
from botgateway.models import Person
from botgateway.tasks import wake_notices
from personalization.admin.confirmations import list_user_ids
from personalization.admin.reading import log_reading, may_read, note
from personalization.admin.resets import ResetAdmin
from personalization.domain.compression_records import forget_request, note_request
from personalization.tasks import compress_user_memory
from task_calls import BROKER_ERRORS

DECIDED = {
    AccessState.APPROVED: gettext_lazy(
        "People approved: %(made)d; so already: %(stood)d; impossible: %(impossible)d."
    ),
    AccessState.REFUSED: gettext_lazy(
        "People refused: %(made)d; so already: %(stood)d; impossible: %(impossible)d."
    ),
    AccessState.BLOCKED: gettext_lazy(
        "People blocked: %(made)d; so already: %(stood)d; impossible: %(impossible)d."
    ),
}
NOTED = {
    AccessState.APPROVED: gettext_noop("approved"),
    AccessState.REFUSED: gettext_noop("refused"),
    AccessState.BLOCKED: gettext_noop("blocked"),
}
COMPRESSION_NOTED = gettext_noop("compression asked for")


class PeopleList(IndexedChangeList):
    """A list whose rows lead to the people's pages."""

    def url_for_result(self, result: Model) -> str:
        return reverse(PAGE, args=[cast("Person", result).user_id])


@admin.register(Person)
class PersonAdmin(PersonPageAdmin, ResetAdmin):
    """People. Where somebody stands changes by a decision alone, so that it is audited and told."""

    list_display = [
        "user_id",
        "first_name",
        "username",
        "access_state",
        "created_at",
        "decided_at",
        "decided_by",
    ]
    list_filter = ["access_state", "created_at"]
    search_fields = ("^user_id", "^first_name", "^username")
    search_help_text = gettext_lazy("The beginning of an id, of a name or of a user name.")
    ordering = ["-created_at"]
    actions = ["approve", "refuse", "block", "reset_profiles", "compress", "export"]
    can_tell = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PeopleList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.strip().removeprefix("@"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people come by writing to Butler; one added by hand would have no id

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # somebody blocked would be unknown again, and might ask anew

    def has_read_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may_read(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the person's page: there is no form, as nothing of a person is written by hand."""
        return redirect(PAGE, self._find_by_key(request, object_id).user_id)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to what staff did and read, which needs a permission that Django does not ask for."""
        return redirect(SECTION, self._find_by_key(request, object_id).user_id, "log")

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *location: Any, **named: Any
    ) -> HttpResponse | None:
        """Lead back to the person's page what came from there."""
        response = super().response_action(request, queryset, *location, **named)
        user_id = request.POST.get("from_page", "")
        if (
            not isinstance(response, HttpResponseRedirect)
            or not Person.objects.filter(user_id=user_id).exists()
        ):
            return response
        return redirect(PAGE, user_id)

    @admin.action(description=gettext_lazy("Approve"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._decide_about(request, queryset, AccessState.APPROVED)

    @admin.action(description=gettext_lazy("Refuse"), permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._decide_about(request, queryset, AccessState.REFUSED)

    @admin.action(description=gettext_lazy("Block"), permissions=["change"])
    def block(self, request: HttpRequest, queryset: QuerySet[Person]) -> HttpResponse | None:
        """Ask for confirmation, then block: somebody approved would be left without an answer by a slip."""
        people = list(queryset)
        user_ids = [person.user_id for person in people]
        if not self.is_confirmed(request, user_ids):
            template = "admin/people/confirm_block.html"
            return self.ask(request, user_ids, template=template, title=gettext("Block?"))
        self._decide_about(request, people, AccessState.BLOCKED)
        return None

    @admin.action(description=gettext_lazy("Compress the memory now"), permissions=["change"])
    def compress(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Have the memories compressed by a worker, as far as they are over their cap."""
        asked, user_id = 0, ""
        try:
            for user_id in list_user_ids(queryset):
                note_request(user_id)
                compress_user_memory.apply_async((user_id,), retry=False, ignore_result=True)
                note(request, user_id, COMPRESSION_NOTED, flag=CHANGE)
                asked += 1
        except BROKER_ERRORS:
            forget_request(user_id)
            self.message_user(request, gettext("The queue cannot be reached."), messages.ERROR)
        text = gettext("Compressions asked for: %(asked)d. Memories within their cap stay as they are.")
        self.message_user(request, text % {"asked": asked}, messages.SUCCESS if asked else messages.WARNING)

    @admin.action(description=gettext_lazy("Export everything that is known"), permissions=["read"])
    def export(self, request: HttpRequest, queryset: QuerySet[Person]) -> FileResponse:
        user_ids = list_user_ids(queryset)
        log_reading(request, user_ids, part="export")
        return export_people(user_ids)

    def reset_one(self, request: HttpRequest, user_id: str) -> int:
        occasion = request.POST.get("occasion", "")[:32] if "is_told" in request.POST else ""
        deleted, chats = reset_person(user_id, occasion=occasion)
        wake_notices(chats)
        return deleted

    def _find_by_key(self, request: HttpRequest, key: str) -> Person:
        if not self.has_view_permission(request):
            raise PermissionDenied
        person: Person | None = self.get_object(request, unquote(key))
        if person is None:
            raise Http404
        return person

    def _decide_about(self, request: HttpRequest, people: Iterable[Person], state: AccessState) -> None:
        outcomes = [self._decide(request, person, state) for person in people]
        made = sum(1 for decision in outcomes if decision and decision.is_new)
        impossible = outcomes.count(None)
        counts = {"made": made, "stood": len(outcomes) - made - impossible, "impossible": impossible}
        self.message_user(
            request, DECIDED[state] % counts, messages.WARNING if impossible else messages.SUCCESS
        )

    def _decide(self, request: HttpRequest, person: Person, state: AccessState) -> Decision | None:
        expected = AccessState(person.access_state)  # what the page showed, give or take a moment
        try:
            decision = decide(
                person.user_id,
                state,
                decided_by=f"staff:{request.user.get_username()}"[:100],
                via=DecisionSource.SITE,
                expected=expected,
            )
        except (ImpossibleDecision, UnknownPerson):
            return None
        if decision.is_new:
            note(request, person.user_id, NOTED[state], flag=CHANGE)
        wake_notices(decision.notice_chats)
        return decision
