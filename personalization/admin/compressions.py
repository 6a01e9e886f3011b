"""Compressions for staff: of single people, and the nightly runs over everybody."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from admin_lists import RecordAdmin
from personalization.models import Compression, CompressionRun


@admin.register(Compression)
class CompressionAdmin(RecordAdmin):
    list_display = ["created_at", "user_id", "status", "summarised", "deleted", "duration_s"]
    list_filter = ["created_at"]
    search_fields = ("user_id",)
    search_help_text = _("The id of a person.")
    ordering = ["-created_at"]


@admin.register(CompressionRun)
class CompressionRunAdmin(RecordAdmin):
    list_display = ["started_at", "progress", "failed", "outcome", "finished_at"]
    ordering = ["-started_at"]

    @admin.display(description=_("processed"))
    def progress(self, run: CompressionRun) -> str:
        return f"{run.processed} / {run.found}"
