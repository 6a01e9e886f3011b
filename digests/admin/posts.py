"""Posts of channels for staff: a list of when and where, the words on a page of their own."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from digests.admin.lists import ChannelRecordAdmin, attach_channels
from digests.domain.citations import link_to
from digests.models import ChannelPost


@admin.register(ChannelPost)
class ChannelPostAdmin(ChannelRecordAdmin):
    list_display = ["posted_at", "channel", "message_id", "author", "has_media", "source", "edited_at"]
    list_filter = ["posted_at"]
    ordering = ["-posted_at"]
    deferred = ("text",)
    fields = [
        "channel",
        "link",
        "posted_at",
        "edited_at",
        "text",
        "author",
        "forwarded_from",
        "has_media",
        "media_group_id",
        "source",
    ]

    @admin.display(description=_("in Telegram"))
    def link(self, post: ChannelPost) -> SafeString:
        attach_channels([post])
        username = post.found_channel.username if post.found_channel else ""  # type: ignore[attr-defined]
        url = link_to(post.message_id, channel_id=post.channel_id, username=username)
        return format_html('<a href="{}" rel="noreferrer">{}</a>', url, url)
