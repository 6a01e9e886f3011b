"""Compressions for staff: of single people, and the nightly runs over everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from admin_lists import RecordAdmin
from personalization.domain.compression import Status
from personalization.domain.compression_run import RunOutcome
from personalization.models import Compression, CompressionRun

STATUSES: dict[str, Promise] = {
    Status.OK: _("compressed"),
    Status.NOTHING: _("what an earlier one had left was deleted"),
    Status.EXTRACTIVE: _("compressed without a model"),
    Status.UNAVAILABLE: _("no model answered; everything stays"),
    Status.REJECTED: _("the model's summary was unfit; everything stays"),
    Status.SUPERSEDED: _("something else changed the memory meanwhile"),
    Status.CRASHED: _("an error of Butler's own"),
}
OUTCOMES: dict[str, Promise] = {
    RunOutcome.OK: _("all compressed"),
    RunOutcome.FAILURES: _("some memories could not be compressed"),
    RunOutcome.FAILED: _("no memory could be compressed"),
    RunOutcome.STOPPED: _("stopped at a limit"),
    RunOutcome.INTERRUPTED: _("interrupted; goes on at the next start"),
    RunOutcome.KILLED: _("broke off without an end"),
    RunOutcome.CRASHED: _("an error of Butler's own"),
}


def describe_status(status: str) -> str:
    """Return the words for what a compression came to."""
    return str(STATUSES.get(status, status))


@admin.register(Compression)
class CompressionAdmin(RecordAdmin):
    list_display = ["created_at", "user_id", "status_text", "summarised", "deleted", "duration_s"]
    list_filter = ["created_at"]
    search_fields = ("user_id",)
    search_help_text = _("The id of a person.")
    ordering = ["-created_at"]
    worded: ClassVar[Mapping[str, str]] = {"status": "status_text"}

    @admin.display(description=_("status"))
    def status_text(self, compression: Compression) -> str:
        return describe_status(compression.status)


@admin.register(CompressionRun)
class CompressionRunAdmin(RecordAdmin):
    list_display = ["started_at", "progress", "failed", "outcome_text", "finished_at"]
    ordering = ["-started_at"]
    worded: ClassVar[Mapping[str, str]] = {"outcome": "outcome_text"}

    @admin.display(description=_("outcome"))
    def outcome_text(self, run: CompressionRun) -> str:
        return str(OUTCOMES.get(run.outcome, run.outcome))

    @admin.display(description=_("processed"))
    def progress(self, run: CompressionRun) -> str:
        return f"{run.processed} / {run.found}"
