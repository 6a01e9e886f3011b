"""What arrived, what was decided, what was told unasked. The words of a notice are for who may read them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from admin_lists import TRACE_ID, RecordAdmin
from botgateway.enums import NoticeStatus, UpdateStatus
from botgateway.models import AccessDecision, InboxUpdate, Notice
from personalization.admin.reading import NEEDS_PERMISSION, log_reading, may_read


@admin.register(AccessDecision)
class AccessDecisionAdmin(RecordAdmin):
    list_display = ["decided_at", "user_id", "before", "after", "decided_by", "via"]
    list_filter = ["after"]  # few decisions come by the other ways: there is no index to find them
    search_fields = ("user_id", "decided_by")
    search_help_text = _("The id of a person, or who decided: “staff:name”, “telegram:id”.")
    ordering = ["-decided_at"]


class ChatRecordAdmin(RecordAdmin):
    """Records found by their chat: the index begins with the status, so every status is asked for by itself.

    With `status__in` the embedded database would look through a whole status.
    """

    statuses: tuple[str, ...] = ()
    search_fields = ("chat_id",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(self.match(term)) if term else queryset), False

    def match(self, term: str) -> Q:
        found = Q(pk__in=[])
        for status in self.statuses:
            found |= Q(status=status, chat_id=term)
        return found


@admin.register(Notice)
class NoticeAdmin(ChatRecordAdmin):
    """What was told unasked, and whether it arrived."""

    list_display = ["key", "chat_id", "status", "revision", "attempts", "created_at", "due_at"]
    list_filter = ["status", "created_at"]
    search_help_text = _("The id of a chat or of the person whom it is about, or a key.")
    ordering = ["-created_at"]
    statuses = tuple(NoticeStatus.values)

    def match(self, term: str) -> Q:
        return super().match(term) | Q(about_user_id=term) | Q(key=term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return super().get_queryset(request).defer("keyboard")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        kept = [name for name in super().get_fields(request, obj) if name not in ("text", "keyboard")]
        return [*kept, "text" if may_read(request) else "hidden"]

    @admin.display(description=_("text"))
    def hidden(self, _notice: Notice) -> str:
        return str(NEEDS_PERMISSION)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        notice = context["original"]
        if may_read(request):
            log_reading(request, [notice.about_user_id or notice.chat_id], part="notice")
        return super().render_change_form(request, context, *args, **options)


@admin.register(InboxUpdate)
class InboxUpdateAdmin(ChatRecordAdmin):
    """What arrived and what became of it; the words themselves are shown to nobody."""

    list_display = ["update_id", "kind", "chat_id", "status", "attempts", "received_at", "answered_at"]
    list_filter = ["status", "received_at"]
    search_help_text = _("The id of a chat, or a whole trace id.")
    ordering = ["-received_at"]
    exclude = ("payload", "prepared", "undelivered")
    statuses = tuple(UpdateStatus.values)

    def match(self, term: str) -> Q:
        return Q(trace_id=term) if TRACE_ID.fullmatch(term) else super().match(term)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxUpdate]:
        return super().get_queryset(request).defer(*self.exclude)
