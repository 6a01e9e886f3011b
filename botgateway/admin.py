"""The gateway for staff: people and decisions about them, what arrived, what was told unasked."""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from botgateway.domain.decisions import Decision, ImpossibleDecision, UnknownPerson, decide
from botgateway.enums import AccessState, DecisionSource
from botgateway.models import AccessDecision, InboxUpdate, Notice, Person
from botgateway.tasks import wake_notices
from llm.admin import RecordAdmin


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
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
    list_filter = ["access_state"]
    search_fields = ["user_id", "first_name", "username"]
    fields = (
        "user_id",
        "chat_id",
        "first_name",
        "username",
        "language_code",
        "access_state",
        "decided_at",
        "decided_by",
        "decisions",
        "created_at",
        "updated_at",
    )
    readonly_fields = fields
    ordering = ["-created_at"]
    actions = ["approve", "refuse", "block"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people come by writing to Butler; one added by hand would have no id

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # somebody blocked would be unknown again, and might ask anew

    @admin.display(description="decisions")
    def decisions(self, person: Person) -> SafeString | str:
        """Show the audit, latest first."""
        found = AccessDecision.objects.filter(user_id=person.user_id).order_by("-decided_at")
        rows = (
            (
                f"{timezone.localtime(one.decided_at):%Y-%m-%d %H:%M:%S}",
                one.before,
                one.after,
                one.decided_by,
                one.via,
            )
            for one in found
        )
        return format_html_join("", "<div>{} · {} → {} · {} · {}</div>", rows) or "—"

    @admin.action(description="Approve", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._decide_about(request, queryset, AccessState.APPROVED)

    @admin.action(description="Refuse", permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._decide_about(request, queryset, AccessState.REFUSED)

    @admin.action(description="Block", permissions=["change"])
    def block(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        self._decide_about(request, queryset, AccessState.BLOCKED)

    def _decide_about(self, request: HttpRequest, people: QuerySet[Person], state: AccessState) -> None:
        outcomes = [self._decide(request, person, state) for person in people]
        made = [decision for decision in outcomes if decision and decision.is_new]
        stood = [decision for decision in outcomes if decision and not decision.is_new]
        impossible = outcomes.count(None)
        summary = f"People {state.label}: {len(made)}; so already: {len(stood)}; impossible: {impossible}."
        self.message_user(request, summary, messages.WARNING if impossible else messages.SUCCESS)

    def _decide(self, request: HttpRequest, person: Person, state: AccessState) -> Decision | None:
        staff = cast("AbstractUser", request.user).get_username()
        expected = AccessState(person.access_state)  # what the page showed, give or take a moment
        try:
            decision = decide(
                person.user_id,
                state,
                decided_by=f"staff:{staff}"[:100],
                via=DecisionSource.SITE,
                expected=expected,
            )
        except (ImpossibleDecision, UnknownPerson):
            return None
        if decision.is_new:
            self.log_change(request, decision.person, state.label)
        wake_notices(decision.notice_chats)
        return decision


@admin.register(AccessDecision)
class AccessDecisionAdmin(RecordAdmin):
    list_display = ["decided_at", "user_id", "before", "after", "decided_by", "via"]
    list_filter = ["after", "via"]
    search_fields = ["user_id", "decided_by"]
    ordering = ["-decided_at"]


@admin.register(Notice)
class NoticeAdmin(RecordAdmin):
    """What was told unasked, and whether it arrived; the words themselves are not shown."""

    list_display = ["key", "chat_id", "status", "revision", "attempts", "created_at", "due_at"]
    list_filter = ["status"]
    search_fields = ["key", "chat_id", "trace_id"]
    ordering = ["-created_at"]
    exclude = ["text", "keyboard"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return super().get_queryset(request).defer("text", "keyboard")


@admin.register(InboxUpdate)
class InboxUpdateAdmin(RecordAdmin):
    """What arrived and what became of it; the words themselves are not shown."""

    list_display = ["update_id", "kind", "chat_id", "status", "attempts", "received_at", "answered_at"]
    list_filter = ["status", "kind"]
    search_fields = ["chat_id", "trace_id"]
    ordering = ["-received_at"]
    exclude = ["payload", "prepared", "undelivered"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxUpdate]:
        return super().get_queryset(request).defer(*self.exclude)
