"""Profiles and memory for staff: browse, search, filter, reset. Personal text is read-only."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from personalization.domain.profiles import reset_profile
from personalization.models import MemoryEvent, UserProfile


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and a detail page without a form: what people said is not edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(UserProfile)
class UserProfileAdmin(admin.ModelAdmin):
    list_display = ["user_id", "language", "tone", "has_summary", "created_at", "updated_at"]
    list_filter = ["language", "tone", "is_summary_extractive"]
    search_fields = ["user_id", "persona"]
    ordering = ["-created_at"]
    readonly_fields = [
        "user_id",
        "memory_summary",
        "is_summary_extractive",
        "summarized_until_at",
        "summarized_until_id",
        "created_at",
        "updated_at",
    ]
    actions = ["reset_profiles"]
    show_full_result_count = False

    @admin.display(description="summary", boolean=True)
    def has_summary(self, profile: UserProfile) -> bool:
        return bool(profile.memory_summary)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # a deleted profile would leave its events behind: reset it

    @admin.action(description="Reset: back to defaults, delete all memory", permissions=["change"])
    def reset_profiles(self, request: HttpRequest, queryset: QuerySet[UserProfile]) -> HttpResponse | None:
        """Ask for confirmation, then reset each chosen profile."""
        if "confirmed" not in request.POST:
            return self._confirm_reset(request, queryset)
        deleted = 0
        for profile in queryset:
            deleted += reset_profile(profile.user_id)
            self.log_change(request, profile, "reset")
        self.message_user(
            request, f"Profiles reset: {len(queryset)}; memory events deleted: {deleted}.", messages.SUCCESS
        )
        return None

    def _confirm_reset(self, request: HttpRequest, queryset: QuerySet[UserProfile]) -> HttpResponse:
        profiles = list(queryset)
        events = MemoryEvent.objects.filter(user_id__in=[profile.user_id for profile in profiles]).count()
        context = {
            **self.admin_site.each_context(request),
            "title": "Reset profiles?",
            "opts": self.model._meta,
            "profiles": profiles,
            "event_count": events,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/confirm_reset.html", context)


@admin.register(MemoryEvent)
class MemoryEventAdmin(ReadOnlyAdmin):
    list_display = ["user_id", "role", "beginning", "created_at", "source"]
    list_filter = ["role", "source", "created_at"]
    search_fields = ["user_id", "content"]
    ordering = ["-created_at", "-pk"]
    show_full_result_count = False

    @admin.display(description="content")
    def beginning(self, event: MemoryEvent) -> str:
        shown = 80
        return event.content if len(event.content) <= shown else event.content[:shown] + "…"
