"""Lists of what belongs to channels: found by the channel's id, user name or title, and shown with its title."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from admin_lists import IndexedChangeList, RecordAdmin, match_term
from digests.admin.pages import OwnStyles
from digests.enums import ChannelState
from digests.models import Channel

MOST_CHANNELS = 25  # whose records are listed together: each is looked up in the index by itself
CHANNEL_HELP = _("The id of a channel, the beginning of its title or of its user name.")


class ChannelRecordList(IndexedChangeList):
    """A list whose channels are read at once, not row by row."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        attach_channels(self.result_list)


class ChannelRecordAdmin(OwnStyles, RecordAdmin):
    """Records of channels. What stands in `deferred` is read on their own pages alone."""

    search_fields: ClassVar[tuple[str, ...]] = ("channel_id",)
    search_help_text = CHANNEL_HELP
    deferred: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChannelRecordList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request)
        place = request.resolver_match
        is_list = place is not None and (place.url_name or "").endswith("_changelist")
        return found.defer(*self.deferred) if is_list else found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(self.match(term)) if term else queryset), False

    def match(self, term: str) -> Q:
        return Q(channel_id__in=find_channel_ids(term))

    @admin.display(description=_("channel"))
    def channel(self, record: Any) -> str:
        if not hasattr(record, "found_channel"):
            attach_channels([record])
        if record.found_channel is None:
            return str(record.channel_id)
        url = reverse("admin:digests_channel_change", args=[record.found_channel.pk])
        return format_html('<a href="{}">{}</a>', url, record.found_channel)


def attach_channels(records: Iterable[Any]) -> None:
    """Give every record its channel as `found_channel`, None where there is none."""
    rows = list(records)
    found = Channel.objects.filter(channel_id__in={row.channel_id for row in rows})
    channels = {channel.channel_id: channel for channel in found}
    for row in rows:
        row.found_channel = channels.get(row.channel_id)


def match_channels(term: str) -> Q:
    """Match channels by their id, or by what title, user name or the dataset's key begin with.

    The index of titles begins with the state, so every state is asked for by name.
    """
    term = term.strip().removeprefix("@")
    titled = Q(state__in=ChannelState.values) & match_term(term, ("^title",))
    return titled | match_term(term, ("channel_id", "^username", "^key"))


def find_channel_ids(term: str) -> list[str]:
    """Return the ids of the first channels that a term may mean."""
    found = Channel.objects.filter(match_channels(term)).values_list("channel_id", flat=True)
    return list(found[:MOST_CHANNELS])


def is_narrowed(request: HttpRequest) -> bool:
    """Tell whether a list is about certain channels or persons."""
    return any(request.GET.get(name, "").strip() for name in ("q", "channel_id", "channel_id__exact"))
