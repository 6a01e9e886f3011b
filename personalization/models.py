"""What Butler knows of people. A `user_id` string links the collections; there are no foreign keys."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField, ObjectIdField
from django_mongodb_backend.managers import MongoManager

from mongo_indexes import TTLIndex, UniqueIndex
from personalization.enums import Language, MemoryRole, MemorySource

DEFAULT_PERSONA = "Alfred-style дворецкий"
DEFAULT_TONE = "witty"
USER_ID_MAX_CHARS = 64
MEMORY_TTL_S = 7_776_000  # 90 days; another MEMORY_TTL_DAYS is applied after each migration


class UserProfile(models.Model):
    """One person: how to speak to them, and what older conversations came to.

    `summarized_until_at` and `summarized_until_id` are the watermark: events at or below this position are
    covered by `memory_summary` (or were cleared) and only wait to be deleted. Readers ignore them.
    `model` is the language model of the person's choice, `<provider>:<model>`; empty leaves it to the house.
    `has_files` says whether a look at the person's files is worth a query.
    """

    user_id = models.CharField(max_length=USER_ID_MAX_CHARS)
    language = models.CharField(max_length=8, default=Language.RUSSIAN, choices=Language)
    persona = models.CharField(max_length=500, default=DEFAULT_PERSONA)
    tone = models.CharField(max_length=100, default=DEFAULT_TONE)
    model = models.CharField(max_length=200, blank=True, default="")
    has_files = models.BooleanField(default=False)
    preferred_topics = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    memory_summary = models.TextField(null=True, blank=True, default=None)
    is_summary_extractive = models.BooleanField(default=False)
    summarized_until_at = models.DateTimeField(null=True, blank=True, default=None)
    summarized_until_id = ObjectIdField(null=True, blank=True, default=None)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager()
    pipelines: ClassVar[Any] = MongoManager()

    class Meta:
        db_table = "user_profiles"
        indexes = [
            UniqueIndex(fields=["user_id"], name="user_id_unique"),
            models.Index(fields=["created_at"], name="created_at"),
        ]
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return self.user_id


class MemoryEvent(models.Model):
    """One thing said, by the person or by Butler. Ordered by (`created_at`, `_id`), a total order."""

    event_id = models.UUIDField(default=uuid.uuid4, editable=False)
    user_id = models.CharField(max_length=USER_ID_MAX_CHARS)
    role = models.CharField(max_length=9, choices=MemoryRole)
    content = models.TextField()
    created_at = models.DateTimeField()
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    source = models.CharField(max_length=5, choices=MemorySource, default=MemorySource.TEXT)

    objects = models.Manager()
    pipelines: ClassVar[Any] = MongoManager()

    class Meta:
        db_table = "user_memory"
        indexes = [
            UniqueIndex(fields=["event_id"], name="event_id_unique"),
            models.Index(fields=["user_id", "-created_at"], name="user_id_created_at"),
            TTLIndex(fields=["created_at"], name="created_at_ttl", expire_after_s=MEMORY_TTL_S),
        ]
        verbose_name = _("memory event")
        verbose_name_plural = _("memory events")
        permissions = [("read_conversation", "Can read people's conversations")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.created_at:%Y-%m-%d %H:%M:%S}"


class StoredFile(models.Model):
    """A file that a person sent: its record. The file itself lies at `MEDIA_ROOT/<path>` under a name of ours.

    There is no TTL index: `expire_files` deletes record, passages and file together.
    """

    file_id = models.UUIDField(editable=False)
    user_id = models.CharField(max_length=USER_ID_MAX_CHARS)
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=127, blank=True, default="")
    kind = models.CharField(max_length=16, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField()
    path = models.CharField(max_length=255)
    text_chars = models.PositiveIntegerField(default=0)
    is_truncated = models.BooleanField(default=False)
    pages = models.PositiveIntegerField(null=True, blank=True, default=None)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "files"
        indexes = [
            UniqueIndex(fields=["file_id"], name="file_id_unique"),
            models.Index(fields=["user_id", "-created_at"], name="file_user_id_created_at"),
            models.Index(fields=["created_at"], name="file_created_at"),
        ]
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        return f"{self.file_id} of {self.user_id}"


class FilePassage(models.Model):
    """A piece of a file's text, in order. `stems` are the stems of its words, by which it is found."""

    file_id = models.UUIDField()
    user_id = models.CharField(max_length=USER_ID_MAX_CHARS)
    ordinal = models.PositiveIntegerField()
    text = models.TextField()
    stems = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = models.Manager()
    pipelines: ClassVar[Any] = MongoManager()

    class Meta:
        db_table = "file_passages"
        indexes = [
            UniqueIndex(fields=["file_id", "ordinal"], name="file_id_ordinal_unique"),
            models.Index(fields=["user_id", "stems"], name="passage_user_id_stems"),
        ]
        verbose_name = "file passage"

    def __str__(self) -> str:
        return f"{self.file_id} {self.ordinal}"


class Compression(models.Model):
    """What one compression of somebody's memory came to; `status` as `domain.compression.Status` has it."""

    user_id = models.CharField(max_length=USER_ID_MAX_CHARS)
    status = models.CharField(max_length=16)
    summarised = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    duration_s = models.FloatField(default=0.0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "compressions"
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="compression_user_id_created_at"),
            TTLIndex(fields=["created_at"], name="compression_created_at_ttl", expire_after_s=MEMORY_TTL_S),
        ]
        verbose_name = _("compression")
        verbose_name_plural = _("compressions")

    def __str__(self) -> str:
        return f"{self.user_id} {self.status} {self.created_at:%Y-%m-%d %H:%M:%S}"


class CompressionRun(models.Model):
    """A run over everybody: how far it has come, and how it ended, as `domain.compression_run.RunOutcome` has it.

    Of about `people` profiles `seen` have been looked at, and `found` memories were over the cap; of these
    `processed` are done, `failed` of them in vain. `outcome` is empty while it runs.
    """

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True, default=None)
    people = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        db_table = "compression_runs"
        indexes = [
            models.Index(fields=["-started_at"], name="run_started_at_desc"),
            TTLIndex(fields=["started_at"], name="run_started_at_ttl", expire_after_s=MEMORY_TTL_S),
        ]
        verbose_name = _("nightly run")
        verbose_name_plural = _("nightly runs")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.outcome or 'running'}"
