"""Profiles for staff: how Butler speaks to somebody. Of what it remembers, the summary for who may read it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from personalization.admin.reading import NEEDS_PERMISSION, log_reading, may_read
from personalization.admin.resets import ResetAdmin
from personalization.domain.profiles import change_profile
from personalization.models import UserProfile

EDITED = ("language", "persona", "tone", "model", "preferred_topics")
SHOWN = ("user_id", "has_files", "is_summary_extractive", "summarized_until_at", "created_at", "updated_at")


@admin.register(UserProfile)
class UserProfileAdmin(ResetAdmin):
    list_display = ["user_id", "language", "tone", "has_summary", "created_at", "updated_at"]
    list_filter = ["language", "created_at"]
    search_fields = ("^user_id",)
    search_help_text = _("The beginning of a person's id.")
    ordering = ["-created_at"]
    actions = ["reset_profiles"]

    @admin.display(description=_("summary"), boolean=True)
    def has_summary(self, profile: UserProfile) -> bool:
        return bool(profile.memory_summary)

    @admin.display(description=_("summary"))
    def hidden(self, _profile: UserProfile) -> str:
        return str(NEEDS_PERMISSION)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["user_id", *EDITED, self._summary_for(request), *SHOWN[1:]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*SHOWN, self._summary_for(request)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # a deleted profile would leave its events behind: reset it

    def save_model(
        self, request: HttpRequest, obj: UserProfile, form: ModelForm[UserProfile], change: bool
    ) -> None:
        """Write what was changed and nothing else: Butler may have stored a summary since the page was opened."""
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            change_profile(obj.user_id, lambda _profile: changed)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        profile = context["original"]
        if profile.memory_summary and may_read(request):
            log_reading(request, [profile.user_id], part="summary")
        return super().render_change_form(request, context, *args, **options)

    def _summary_for(self, request: HttpRequest) -> str:
        return "memory_summary" if may_read(request) else "hidden"
