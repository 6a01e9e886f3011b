from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from botgateway.models import InboxUpdate, Person


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["user_id", "first_name", "username", "access_state", "created_at", "updated_at"]
    list_filter = ["access_state"]
    search_fields = ["user_id", "first_name", "username"]
    readonly_fields = ["user_id", "chat_id", "first_name", "username", "created_at", "updated_at"]
    ordering = ["-created_at"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people come by writing to Butler; one added by hand would have no id


@admin.register(InboxUpdate)
class InboxUpdateAdmin(admin.ModelAdmin):
    """What arrived and what became of it; the words themselves are not shown."""

    list_display = ["update_id", "kind", "chat_id", "status", "attempts", "received_at", "answered_at"]
    list_filter = ["status", "kind"]
    search_fields = ["chat_id", "trace_id"]
    ordering = ["-received_at"]
    exclude = ["payload"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxUpdate]:
        return super().get_queryset(request).defer("payload")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: InboxUpdate | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: InboxUpdate | None = None) -> bool:
        return False
