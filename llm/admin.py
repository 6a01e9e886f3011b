"""Models, providers and exchanges for staff: what there is and what it cost. Nothing here is edited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from admin_lists import RecordAdmin
from llm.admin_texts import OUTCOMES, describe_outcome
from llm.models import CatalogueModel, Exchange, ProviderState

# What is rare among the exchanges of a quarter is looked for among those of a week: there is an index of time alone.
RECENT = timedelta(days=7)


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
    search_fields = ("^model_id",)
    search_help_text = _("The beginning of a model's name.")
    ordering = ["provider", "model_id"]


class FailureFilter(admin.SimpleListFilter):
    """Those of one failure, of the few that there are at the moment."""

    title = _("failure")
    parameter_name = "failure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        found = ProviderState.objects.exclude(failure="").values_list("failure", flat=True)
        return [(code, describe_outcome(code)) for code in sorted(set(found))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(failure=self.value()) if self.value() else queryset


@admin.register(ProviderState)
class ProviderStateAdmin(RecordAdmin):
    list_display = ["provider", "refreshed_at", "asked_at", "failure_text"]
    list_filter = [FailureFilter]
    search_fields = ("^provider",)
    ordering = ["provider"]
    worded: ClassVar[Mapping[str, str]] = {"failure": "failure_text"}

    @admin.display(description=_("failure"))
    def failure_text(self, state: ProviderState) -> str:
        return describe_outcome(state.failure)


class RecentFilter(admin.SimpleListFilter):
    """Those of the last days with a certain value of the field `parameter_name`."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not (value := self.value()):
            return queryset
        return queryset.filter(created_at__gte=timezone.now() - RECENT, **{str(self.parameter_name): value})


class OutcomeFilter(RecentFilter):
    title = _("outcome (last 7 days)")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(outcome, str(text)) for outcome, text in OUTCOMES.items()]


class ProviderFilter(RecentFilter):
    title = _("provider (last 7 days)")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        names = ProviderState.objects.order_by("provider").values_list("provider", flat=True)
        return [(name, name) for name in names]


@admin.register(Exchange)
class ExchangeAdmin(RecordAdmin):
    """Calls to models; a trace id leads to the log. What was said is not kept with them."""

    list_display = [
        "created_at",
        "user_id",
        "provider",
        "model",
        "purpose",
        "outcome_text",
        "prompt_tokens",
        "completion_tokens",
        "is_estimated",
        "first_token",
        "duration",
    ]
    list_filter = [OutcomeFilter, ProviderFilter, "purpose", "created_at"]
    search_fields = ("user_id", "trace_id")
    search_help_text = _("The id of a person, or a whole trace id.")
    ordering = ["-created_at"]
    worded: ClassVar[Mapping[str, str]] = {"outcome": "outcome_text"}

    @admin.display(description=_("outcome"))
    def outcome_text(self, exchange: Exchange) -> str:
        return describe_outcome(exchange.outcome)

    @admin.display(description=_("first token s"), ordering="first_token_s", empty_value="-")
    def first_token(self, exchange: Exchange) -> str | None:
        return _round(exchange.first_token_s)

    @admin.display(description=_("duration s"), ordering="duration_s")
    def duration(self, exchange: Exchange) -> str | None:
        return _round(exchange.duration_s)


def _round(seconds: float | None) -> str | None:
    """Return seconds as they are compared at a glance."""
    return None if seconds is None else f"{seconds:.2f}"
