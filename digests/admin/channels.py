"""Channels for staff: which are read, and where their days begin."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, gettext_noop

from admin_lists import CutCount, count_up_to
from digests.admin.lists import CHANNEL_HELP, match_channels
from digests.admin.pages import PageActionsAdmin
from digests.domain import channels
from digests.enums import ChannelState
from digests.models import Channel, ChannelPost, Digest, Subscription

COUNTED = 10_000  # of a channel's posts, by an index, in some milliseconds
REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
SWITCHED = {
    ChannelState.ON: gettext_lazy("Channels switched on: %(made)d; left as they were: %(stood)d."),
    ChannelState.OFF: gettext_lazy("Channels switched off: %(made)d; left as they were: %(stood)d."),
}
NOTED = {ChannelState.ON: gettext_noop("switched on"), ChannelState.OFF: gettext_noop("switched off")}
POSSIBLE = {
    ChannelState.FOUND: ("read", "leave_unread"),
    ChannelState.ON: ("leave_unread",),
    ChannelState.OFF: ("read",),
    ChannelState.LEFT: (),
}


@cache
def list_zones() -> tuple[str, ...]:
    """Return the names of time zones that somebody lives in, and UTC."""
    return "UTC", *sorted(name for name in available_timezones() if name.split("/")[0] in REGIONS)


class ChannelForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        label=capfirst(gettext_lazy("time zone")),
        help_text=gettext_lazy("When the channel's days begin and end, from the next digest on."),
    )

    class Meta:
        model = Channel
        fields = ["time_zone"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields.get("time_zone")
        if isinstance(field, forms.ChoiceField):  # who may not change it has no such field
            names = dict.fromkeys([self.instance.time_zone, *list_zones()])
            field.choices = [(name, name) for name in names]


@admin.register(Channel)
class ChannelAdmin(PageActionsAdmin):
    """What a channel is called comes from Telegram; whether it is read is decided by the actions."""

    form = ChannelForm
    list_display = ["__str__", "username", "state", "time_zone", "switched_at"]
    list_filter = ["state"]
    search_fields = ("channel_id",)
    search_help_text = CHANNEL_HELP
    ordering = ["state", "title"]
    actions = ["read", "leave_unread"]
    readonly_fields = [
        "title",
        "channel_id",
        "username",
        "state",
        "posts",
        "digests",
        "subscriptions",
        "switched_at",
        "switched_by",
        "added_at",
        "left_at",
        "key",
        "created_at",
        "updated_at",
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        first = 4
        return [*self.readonly_fields[:first], "time_zone", *self.readonly_fields[first:]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # channels come by letting the bot in, or by an import

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # its posts and digests would belong to nobody

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(match_channels(term)) if term else queryset), False

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        """Write the time zone alone: Telegram may have renamed the channel since the page was opened."""
        if "time_zone" in form.changed_data:
            channels.set_time_zone(obj.channel_id, form.cleaned_data["time_zone"])

    def list_possible(self, shown: Channel) -> Sequence[str]:
        return POSSIBLE[ChannelState(shown.state)]

    @admin.action(description=gettext_lazy("Read it"), permissions=["change"])
    def read(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._switch(request, queryset, ChannelState.ON)

    @admin.action(description=gettext_lazy("Do not read it"), permissions=["change"])
    def leave_unread(self, request: HttpRequest, queryset: QuerySet[Channel]) -> None:
        self._switch(request, queryset, ChannelState.OFF)

    @admin.display(description=gettext_lazy("posts"))
    def posts(self, channel: Channel) -> str:
        return link_to_list(ChannelPost, channel)

    @admin.display(description=gettext_lazy("digests"))
    def digests(self, channel: Channel) -> str:
        return link_to_list(Digest, channel)

    @admin.display(description=gettext_lazy("subscriptions"))
    def subscriptions(self, channel: Channel) -> str:
        return link_to_list(Subscription, channel)

    def _switch(self, request: HttpRequest, chosen: QuerySet[Channel], state: ChannelState) -> None:
        switch = channels.switch_on if state is ChannelState.ON else channels.switch_off
        by = f"staff:{request.user.get_username()}"
        counts = {"made": 0, "stood": 0}
        for channel in chosen:
            expected = ChannelState(channel.state)  # what the page showed, give or take a moment
            is_new = switch(channel.channel_id, by=by, expected=expected).is_new
            counts["made" if is_new else "stood"] += 1
            if is_new:
                self.log_change(request, channel, NOTED[state])
        self.message_user(
            request, SWITCHED[state] % counts, messages.SUCCESS if counts["made"] else messages.WARNING
        )


def link_to_list(model: type[Model], channel: Channel) -> str:
    """Say how many records of a channel there are, up to a bound, and lead to their list."""
    records = model._default_manager.filter(channel_id=channel.channel_id)
    number = count_up_to(records, COUNTED)
    url = reverse(f"admin:digests_{model._meta.model_name}_changelist")
    return format_html(
        '<a href="{}?channel_id={}">{}</a>',
        url,
        channel.channel_id,
        str(CutCount(COUNTED)) if number > COUNTED else number,
    )
