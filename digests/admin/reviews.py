"""Review reports for staff: what a second model says of a digest, and what was found without one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from digests.admin.faults import describe_fault
from digests.admin.lists import ChannelRecordAdmin, attach_channels, is_narrowed
from digests.domain.day import Statement
from digests.domain.records import statements_from_json
from digests.domain.review_checks import FindingKind
from digests.enums import ReviewStatus
from digests.models import Digest, ReviewReport
from llm.admin import RecentFilter

FINDINGS = {
    FindingKind.LINK: _("cites what was not posted that day"),
    FindingKind.FIGURE: _("a figure that no cited post has"),
    FindingKind.NAME: _("a name that no cited post has"),
    FindingKind.TITLE: _("a title that no cited post has"),
    FindingKind.LANGUAGE: _("not in good Russian"),
    FindingKind.ADVERTISEMENT: _("rests on advertisements alone"),
    FindingKind.REPEAT: _("an earlier statement says so already"),
}


class PassedFilter(RecentFilter):
    title = _("in order (last 7 days)")
    parameter_name = "has_passed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return [("True", _("yes")), ("False", _("no"))]


class StatusFilter(RecentFilter):
    title = _("status (last 7 days)")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return ReviewStatus.choices


@admin.register(ReviewReport)
class ReviewReportAdmin(ChannelRecordAdmin):
    change_form_template = "admin/digests/report.html"
    list_display = [
        "day",
        "channel",
        "status",
        "has_passed",
        "coverage_share",
        "faithfulness_share",
        "language_share",
        "model",
    ]
    list_filter = [PassedFilter, StatusFilter, "created_at"]
    deferred = ("remarks", "checks")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "channel",
                    "day",
                    "status",
                    "cause",
                    "has_passed",
                    "coverage_share",
                    "faithfulness_share",
                    "language_share",
                    "is_synthetic",
                    "created_at",
                ]
            },
        ),
        (
            _("Model"),
            {
                "fields": [
                    "provider",
                    "model",
                    "latency",
                    "prompt_tokens",
                    "completion_tokens",
                    "prompt_hash",
                    "trace",
                ]
            },
        ),
    ]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Order by the index that finds them: those of a channel by their day."""
        return ["-day"] if is_narrowed(request) else ["-created_at"]

    @admin.display(description=_("fault"))
    def cause(self, report: ReviewReport) -> str:
        return describe_fault(report.fault)

    @admin.display(description=_("coverage"))
    def coverage_share(self, report: ReviewReport) -> str:
        return _as_percent(report.coverage)

    @admin.display(description=_("faithfulness"))
    def faithfulness_share(self, report: ReviewReport) -> str:
        return _as_percent(report.faithfulness)

    @admin.display(description=_("language"))
    def language_share(self, report: ReviewReport) -> str:
        return _as_percent(report.language)

    @admin.display(description=_("duration s"))
    def latency(self, report: ReviewReport) -> str:
        return f"{report.latency_s:.2f}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        report = context["original"]
        attach_channels([report])
        context.update(
            title=f"{report.found_channel or report.channel_id} · {report.day}",
            subtitle=None,
            **describe_report(report, may_see_digest=request.user.has_perm("digests.view_digest")),  # type: ignore[union-attr]
        )
        return super().render_change_form(request, context, *args, **options)


def describe_report(report: ReviewReport, *, may_see_digest: bool) -> dict[str, Any]:
    """Return what was found, beside the statement that it is about, and where the digest stands."""
    digest = Digest.objects.filter(digest_id=report.digest_id).defer("raw_posts", "summary").first()
    statements = statements_from_json(digest.statements) if digest and may_see_digest else ()
    remarks, checks = json.loads(report.remarks) or {}, json.loads(report.checks)
    return {
        "digest_url": reverse("admin:digests_digest_change", args=[digest.pk])
        if digest and may_see_digest
        else "",
        "missed": remarks.get("missed", []),
        "unsupported": [
            (number, _find_text(statements, number)) for number in remarks.get("unsupported", [])
        ],
        "remarks": remarks.get("remarks", []),
        "findings": [_show_finding(found, statements) for found in checks.get("findings", [])],
    }


def _show_finding(found: dict[str, Any], statements: tuple[Statement, ...]) -> dict[str, Any]:
    kind = found["kind"]
    return {
        "number": found["statement"],
        "kind": FINDINGS.get(kind, kind),
        "value": found["value"],
        "text": _find_text(statements, found["statement"]),
    }


def _find_text(statements: tuple[Statement, ...], number: int) -> str:
    return statements[number - 1].text if 0 < number <= len(statements) else ""


def _as_percent(share: float | None) -> str:
    return "—" if share is None else f"{share:.0%}"
