"""Channels, what was posted there, and what digests made of it. Ids link the collections; no foreign keys."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from digests.enums import ChannelNews, ChannelState, DigestStatus, PostSource, ReviewStatus
from mongo_indexes import TTLIndex, UniqueIndex

CHANNEL_ID_MAX_CHARS = 32
POST_TTL_S = 31_536_000  # 365 days; another POST_TTL_DAYS is applied after each migration
DAY_FORMAT_CHARS = 10  # 2026-01-31: sorts as it reads, and is no moment of any time zone


class Channel(models.Model):
    """A channel that the bot is, or was, a member of. `time_zone` (IANA) says when its days begin.

    `key` names a channel of the benchmark's dataset, and is empty for any other. `added_at` and `left_at` are of the
    latest time the bot was taken in and thrown out, by Telegram's clock; `state_before` is what a channel that has
    thrown it out was. `untold` is what the admins have yet to be told (`domain.channels`), empty when they know all.
    """

    channel_id = models.CharField(max_length=CHANNEL_ID_MAX_CHARS)
    title = models.CharField(max_length=255, blank=True, default="")
    username = models.CharField(max_length=64, blank=True, default="")
    time_zone = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=ChannelState, default=ChannelState.FOUND)
    key = models.CharField(max_length=40, blank=True, default="")
    switched_by = models.CharField(max_length=100, blank=True, default="")
    switched_at = models.DateTimeField(null=True, blank=True, default=None)
    added_at = models.DateTimeField(null=True, blank=True, default=None)
    left_at = models.DateTimeField(null=True, blank=True, default=None)
    state_before = models.CharField(max_length=8, choices=ChannelState, blank=True, default="")
    untold = models.CharField(max_length=8, choices=ChannelNews, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "channels"
        indexes = [
            UniqueIndex(fields=["channel_id"], name="channel_id_unique"),
            models.Index(fields=["state", "title"], name="channel_state_title"),
            models.Index(fields=["username"], name="channel_username"),
            models.Index(fields=["key"], name="channel_key"),
            models.Index(fields=["untold"], name="channel_untold"),
        ]
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        return self.title or self.channel_id


class ChannelPost(models.Model):
    """One post as it stands now. Numbered by Telegram within its channel: the same number is the same post."""

    channel_id = models.CharField(max_length=CHANNEL_ID_MAX_CHARS)
    message_id = models.BigIntegerField()
    posted_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True, blank=True, default=None)
    text = models.TextField(blank=True)
    author = models.CharField(max_length=255, blank=True, default="")
    forwarded_from = models.CharField(max_length=255, blank=True, default="")
    media_group_id = models.CharField(max_length=64, blank=True, default="")
    has_media = models.BooleanField(default=False)
    source = models.CharField(max_length=9, choices=PostSource, default=PostSource.TELEGRAM)

    class Meta:
        db_table = "channel_posts"
        indexes = [
            UniqueIndex(fields=["channel_id", "message_id"], name="channel_message_id_unique"),
            models.Index(fields=["channel_id", "-posted_at"], name="post_channel_posted_at"),
            TTLIndex(fields=["posted_at"], name="post_posted_at_ttl", expire_after_s=POST_TTL_S),
        ]
        verbose_name = _("post")
        verbose_name_plural = _("posts")

    def __str__(self) -> str:
        return f"{self.channel_id} {self.message_id}"


class Digest(models.Model):
    """What became of one day of a channel. `day` is `YYYY-MM-DD` in the channel's time zone.

    `summary` is Markdown with links; `statements` and `raw_posts` are JSON (`domain.records`): what it says by which
    posts, and the posts as the model saw them. `first_token_s` and `latency_s` are of all calls together; tokens are
    the vendor's where it told them. `prompt_hash` is the SHA-256 of the templates and of the posts' rendering,
    `feature_flags` JSON of what shaped it. `attempts` counts how often it was tried in vain; `vain_…_tokens` are those
    of all calls, of these attempts and of the one that succeeded, that it owes nothing to.
    """

    digest_id = models.UUIDField(editable=False)
    channel_id = models.CharField(max_length=CHANNEL_ID_MAX_CHARS)
    day = models.CharField(max_length=DAY_FORMAT_CHARS)
    status = models.CharField(max_length=8, choices=DigestStatus)
    fault = models.CharField(max_length=100, blank=True, default="")
    summary = models.TextField(blank=True, default="")
    statements = models.TextField(blank=True, default="[]")
    raw_posts = models.TextField(blank=True, default="[]")
    post_count = models.PositiveIntegerField(default=0)
    ad_count = models.PositiveIntegerField(default=0)
    repeat_count = models.PositiveIntegerField(default=0)
    dropped_count = models.PositiveIntegerField(default=0)
    part_count = models.PositiveIntegerField(default=0)
    provider = models.CharField(max_length=40, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    prompt_hash = models.CharField(max_length=64, blank=True, default="")
    feature_flags = models.TextField(blank=True, default="{}")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    is_estimated = models.BooleanField(default=False)
    first_token_s = models.FloatField(null=True, blank=True, default=None)
    latency_s = models.FloatField(default=0.0)
    is_synthetic = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    vain_prompt_tokens = models.PositiveIntegerField(default=0)
    vain_completion_tokens = models.PositiveIntegerField(default=0)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "digests"
        indexes = [
            UniqueIndex(fields=["digest_id"], name="digest_id_unique"),
            UniqueIndex(fields=["channel_id", "day"], name="digest_channel_day_unique"),
            models.Index(fields=["status", "-day"], name="digest_status_day"),
            models.Index(fields=["-created_at"], name="digest_created_at"),
        ]
        verbose_name = _("digest")
        verbose_name_plural = _("digests")

    def __str__(self) -> str:
        return f"{self.channel_id} {self.day}"


class ReviewReport(models.Model):
    """A second model's verdict on a digest, and what was found without any model.

    `coverage`, `faithfulness` and `language` are 0 to 1, None where there is no verdict; `remarks` and `checks` are
    JSON (`domain.reviews`, `domain.review_checks`).
    """

    report_id = models.UUIDField(editable=False)
    digest_id = models.UUIDField()
    channel_id = models.CharField(max_length=CHANNEL_ID_MAX_CHARS)
    day = models.CharField(max_length=DAY_FORMAT_CHARS)
    status = models.CharField(max_length=8, choices=ReviewStatus)
    fault = models.CharField(max_length=200, blank=True, default="")
    coverage = models.FloatField(null=True, blank=True, default=None)
    faithfulness = models.FloatField(null=True, blank=True, default=None)
    language = models.FloatField(null=True, blank=True, default=None)
    remarks = models.TextField(blank=True, default="[]")
    checks = models.TextField(blank=True, default="{}")
    has_passed = models.BooleanField(default=False)
    provider = models.CharField(max_length=40, blank=True, default="")
    model = models.CharField(max_length=200, blank=True, default="")
    prompt_hash = models.CharField(max_length=64, blank=True, default="")
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    latency_s = models.FloatField(default=0.0)
    is_synthetic = models.BooleanField(default=False)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "review_reports"
        indexes = [
            UniqueIndex(fields=["report_id"], name="report_id_unique"),
            UniqueIndex(fields=["digest_id", "provider", "model"], name="report_digest_model_unique"),
            models.Index(fields=["channel_id", "-day"], name="report_channel_day"),
            models.Index(fields=["-created_at"], name="report_created_at"),
        ]
        verbose_name = _("review report")
        verbose_name_plural = _("review reports")

    def __str__(self) -> str:
        return f"{self.channel_id} {self.day} {self.status}"


class Subscription(models.Model):
    """Somebody wants a channel's digest each day at `hour` of `time_zone`.

    `delivered_day` is the latest day whose digest was filed for them, empty before the first.
    """

    user_id = models.CharField(max_length=64)
    channel_id = models.CharField(max_length=CHANNEL_ID_MAX_CHARS)
    hour = models.PositiveSmallIntegerField()
    time_zone = models.CharField(max_length=64)
    delivered_day = models.CharField(max_length=DAY_FORMAT_CHARS, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "subscriptions"
        indexes = [
            UniqueIndex(fields=["user_id", "channel_id"], name="subscription_user_channel"),
            models.Index(fields=["channel_id", "hour", "user_id"], name="subscription_channel_hour"),
        ]
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return f"{self.user_id} {self.channel_id}"


class BenchmarkDataset(models.Model):
    """What the benchmark's channels were filled with: by this seed and generator, for these days, both included."""

    name = models.CharField(max_length=40)
    seed = models.BigIntegerField()
    generator_version = models.PositiveIntegerField()
    first_day = models.CharField(max_length=DAY_FORMAT_CHARS)
    last_day = models.CharField(max_length=DAY_FORMAT_CHARS)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "benchmark_datasets"
        indexes = [UniqueIndex(fields=["name"], name="dataset_name_unique")]
        verbose_name = _("benchmark dataset")
        verbose_name_plural = _("benchmark datasets")

    def __str__(self) -> str:
        return f"{self.name} {self.first_day} to {self.last_day}"
