"""Digests for staff: what became of a channel's day, by which posts, and what that took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from digests.admin.faults import describe_fault
from digests.admin.lists import ChannelRecordAdmin, attach_channels, is_narrowed
from digests.admin.pages import PageActionsAdmin
from digests.admin.showing import show_digest
from digests.domain.due import ask_anew
from digests.enums import DigestStatus
from digests.models import Digest, ReviewReport

PERMISSION = "digests.change_digest"
ASKED_ANEW = gettext_noop("to be written anew")
STATUSES = ("status", "status__exact")


@admin.register(Digest)
class DigestAdmin(PageActionsAdmin, ChannelRecordAdmin):
    change_form_template = "admin/digests/digest.html"
    list_display = [
        "day",
        "channel",
        "status",
        "cause",
        "post_count",
        "model",
        "latency",
    ]
    list_filter = ["status", "created_at"]
    search_fields = ("channel_id",)
    actions = ["write_anew"]
    deferred = ("summary", "statements", "raw_posts", "feature_flags")
    fieldsets = [
        (None, {"fields": ["channel", "day", "status", "cause", "attempts", "created_at", "updated_at"]}),
        (
            gettext_lazy("Figures"),
            {
                "fields": [
                    "post_count",
                    "ad_count",
                    "repeat_count",
                    "dropped_count",
                    "part_count",
                    "is_synthetic",
                ]
            },
        ),
        (
            gettext_lazy("Model"),
            {
                "fields": [
                    "provider",
                    "model",
                    "first_token",
                    "latency",
                    "prompt_tokens",
                    "completion_tokens",
                    "is_estimated",
                    "vain_prompt_tokens",
                    "vain_completion_tokens",
                    "prompt_hash",
                    "trace",
                ]
            },
        ),
    ]

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Order by the index that finds them: those of a channel or of a status by their day."""
        is_by_day = is_narrowed(request) or any(name in request.GET for name in STATUSES)
        return ["-day"] if is_by_day else ["-created_at"]

    def has_write_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)  # type: ignore[union-attr]

    def list_possible(self, shown: Digest) -> Sequence[str]:
        return ("write_anew",) if shown.status == DigestStatus.FAILED else ()

    @admin.action(description=gettext_lazy("Write anew"), permissions=["write"])
    def write_anew(self, request: HttpRequest, queryset: QuerySet[Digest]) -> None:
        """Have failed digests written by the next round of the workers."""
        chosen = list(queryset)
        failed = [digest for digest in chosen if digest.status == DigestStatus.FAILED]
        asked = ask_anew(digest.digest_id for digest in failed)
        for digest in failed:
            self.log_change(request, digest, ASKED_ANEW)
        text = gettext("Digests to be written anew within minutes: %(asked)d; not failed: %(others)d.")
        told = text % {"asked": asked, "others": len(chosen) - asked}
        self.message_user(request, told, messages.SUCCESS if asked else messages.WARNING)

    @admin.display(description=gettext_lazy("fault"))
    def cause(self, digest: Digest) -> str:
        return describe_fault(digest.fault)

    @admin.display(description=gettext_lazy("first token s"), empty_value="-")
    def first_token(self, digest: Digest) -> str | None:
        return None if digest.first_token_s is None else f"{digest.first_token_s:.2f}"

    @admin.display(description=gettext_lazy("duration s"))
    def latency(self, digest: Digest) -> str:
        return f"{digest.latency_s:.2f}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        digest = context["original"]
        attach_channels([digest])
        context.update(
            title=f"{digest.found_channel or digest.channel_id} · {digest.day}",
            subtitle=None,
            shown=show_digest(digest, digest.found_channel),
            reports=_list_reports(digest) if request.user.has_perm("digests.view_reviewreport") else [],  # type: ignore[union-attr]
            posts_url=f"{reverse('admin:digests_channelpost_changelist')}?channel_id={digest.channel_id}",
        )
        return super().render_change_form(request, context, *args, **options)


def _list_reports(digest: Digest) -> list[ReviewReport]:
    return list(ReviewReport.objects.filter(digest_id=digest.digest_id).defer("remarks", "checks"))
