"""What was said, for staff: a list of when and how, and the words for who may read them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from admin_lists import RecordAdmin
from personalization.admin.reading import NEEDS_PERMISSION, log_reading, may_read
from personalization.models import MemoryEvent

BEGINNING_CHARS = 80
NARROWING = ("q", "user_id", "user_id__exact")


class NarrowedAdmin(RecordAdmin):
    """Records whose words are listed only after the list is narrowed down to one person, who is then logged as read.

    `words` are the columns and fields that hold such words, `kept` the other fields of the detail page.
    """

    search_fields = ("user_id",)
    search_help_text = _("The id of a person. Words are listed once the list is about one person.")
    words: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        columns = list(super().get_list_display(request))
        return columns if may_read(request) and narrowed_to(request) else self._without_words(columns)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.kept, *self.words] if may_read(request) else [*self.kept, "hidden"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user_id = narrowed_to(request)
        is_reading = user_id and may_read(request) and self.has_view_permission(request)
        if is_reading and self.get_queryset(request).filter(user_id=user_id).exists():
            page = request.GET.get("p", "1")
            log_reading(
                request,
                [user_id],
                part=str(self.opts.model_name),
                page=int(page) if page.isdecimal() else 1,
            )
        return super().changelist_view(request, extra_context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        shown = context["original"]
        if may_read(request):
            log_reading(request, [shown.user_id], part=str(self.opts.model_name))
        return super().render_change_form(request, context, *args, **options)

    @admin.display(description=_("words"))
    def hidden(self, _record: Any) -> str:
        return str(NEEDS_PERMISSION)

    def _without_words(self, columns: list[Any]) -> list[Any]:
        return [column for column in columns if column not in self.words and column != "beginning"]


def narrowed_to(request: HttpRequest) -> str:
    """Return the one person whom a list is about, empty if it is about several."""
    given = [value.strip() for name in NARROWING for value in request.GET.getlist(name) if value.strip()]
    return given[0] if len(given) == 1 else ""


@admin.register(MemoryEvent)
class MemoryEventAdmin(NarrowedAdmin):
    list_display = ["user_id", "role", "beginning", "created_at", "source"]
    list_filter = ["role", "created_at"]
    ordering = ["-created_at"]
    kept = ("event_id", "user_id", "role", "source", "created_at")
    words = ("content", "tags")

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """Offer by the source where few documents are looked through; there is no index for it."""
        return [*self.list_filter, "source"] if narrowed_to(request) else list(self.list_filter)

    @admin.display(description=_("content"))
    def beginning(self, event: MemoryEvent) -> str:
        return Truncator(event.content).chars(BEGINNING_CHARS)
