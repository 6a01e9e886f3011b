"""Models, providers and exchanges for staff: what there is and what it cost. Nothing here is edited."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from llm.models import CatalogueModel, Exchange, ProviderState


class RecordAdmin(admin.ModelAdmin):
    """A list and a detail page of what has happened: nothing is added, changed or deleted."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(CatalogueModel)
class CatalogueModelAdmin(RecordAdmin):
    list_display = [
        "model_id",
        "provider",
        "context_tokens",
        "supports_files",
        "supports_images",
        "supports_audio",
        "first_seen_at",
        "vanished_at",
    ]
    list_filter = ["provider", ("vanished_at", admin.EmptyFieldListFilter), "first_seen_at"]
    search_fields = ["model_id"]
    ordering = ["provider", "model_id"]


@admin.register(ProviderState)
class ProviderStateAdmin(RecordAdmin):
    list_display = ["provider", "refreshed_at", "asked_at", "failure"]
    list_filter = ["failure"]
    search_fields = ["provider"]
    ordering = ["provider"]


@admin.register(Exchange)
class ExchangeAdmin(RecordAdmin):
    """Calls to models; a trace id leads to the log. What was said is not kept with them."""

    list_display = [
        "created_at",
        "user_id",
        "provider",
        "model",
        "purpose",
        "outcome",
        "prompt_tokens",
        "completion_tokens",
        "is_estimated",
        "first_token",
        "duration",
    ]
    list_filter = ["outcome", "purpose", "is_estimated", "provider", "created_at"]
    search_fields = ["user_id", "model", "trace_id"]
    ordering = ["-created_at"]

    @admin.display(description="first token s", ordering="first_token_s", empty_value="-")
    def first_token(self, exchange: Exchange) -> str | None:
        return _round(exchange.first_token_s)

    @admin.display(description="duration s", ordering="duration_s")
    def duration(self, exchange: Exchange) -> str | None:
        return _round(exchange.duration_s)


def _round(seconds: float | None) -> str | None:
    """Return seconds as they are compared at a glance."""
    return None if seconds is None else f"{seconds:.2f}"
