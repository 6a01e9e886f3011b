"""Subscriptions for staff: who gets the digests of which channel, and when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from digests.admin.lists import ChannelRecordAdmin
from digests.models import Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ChannelRecordAdmin):
    list_display = ["user_id", "channel", "hour", "time_zone", "delivered_day", "created_at"]
    search_fields = ("channel_id", "user_id")
    search_help_text = _(
        "The id of a person or of a channel, the beginning of the channel's title or of its user name."
    )
    fields = ["person", "channel", "hour", "time_zone", "delivered_day", "created_at"]

    def match(self, term: str) -> Q:
        """Match people by their ids, which are positive numbers, and channels by anything else."""
        return Q(user_id=term) if term.isdecimal() else super().match(term)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """Order by the index that finds them: the people of a channel by their hour."""
        given = request.GET
        term = given.get("q", "").strip()
        is_about_channel = (term and not term.isdecimal()) or "channel_id" in given
        return ["channel_id", "hour", "user_id"] if is_about_channel else ["user_id", "channel_id"]

    @admin.display(description=_("person"))
    def person(self, subscription: Subscription) -> Any:
        """Lead to the person's page, which an app above this one may have."""
        try:
            url = reverse("admin:botgateway_person_page", args=[subscription.user_id])
        except NoReverseMatch:
            return subscription.user_id
        return format_html('<a href="{}">{}</a>', url, subscription.user_id)
