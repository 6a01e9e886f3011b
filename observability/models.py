"""What operators look back at: spans of requests, figures by the hour. Never a word of a conversation."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField

from mongo_indexes import TTLIndex, UniqueIndex

TRACE_ID_CHARS = 32
NAME_MAX_CHARS = 100
PROCESS_MAX_CHARS = 32
TTL_INDEX = "part_started_at_ttl"
SPAN_TTL_S = 604_800  # 7 days; another SPAN_TTL_DAYS is applied after each migration
FIGURES_TTL_S = 34_214_400  # 396 days: the same month a year ago


class TracePart(models.Model):
    """The steps of one request that one process has written together; a message leaves two, of its receipt and answer.

    `spans` are JSON (`spans.rows.SpanRow`). A part that holds the request's root `is_root`, and has its name,
    beginning and duration; any other has its first step's beginning. `is_error`: some step in it has failed.
    """

    trace_id = models.CharField(max_length=TRACE_ID_CHARS)
    process = models.CharField(max_length=PROCESS_MAX_CHARS)
    started_at = models.DateTimeField()
    is_root = models.BooleanField(default=False)
    name = models.CharField(max_length=NAME_MAX_CHARS, blank=True, default="")
    duration_ms = models.FloatField(default=0.0)
    is_error = models.BooleanField(default=False)
    spans = models.JSONField(default=list)

    class Meta:
        db_table = "spans"
        indexes = [
            models.Index(fields=["trace_id"], name="part_trace_id"),
            models.Index(
                fields=["is_root", "-duration_ms"], name="part_root_duration_ms", condition=Q(is_root=True)
            ),
            models.Index(
                fields=["is_error", "-started_at"], name="part_error_started_at", condition=Q(is_error=True)
            ),
            TTLIndex(fields=["started_at"], name=TTL_INDEX, expire_after_s=SPAN_TTL_S),
        ]
        verbose_name = _("trace")
        verbose_name_plural = _("traces")

    def __str__(self) -> str:
        return f"{self.trace_id} {self.process}"


class HourlyFigures(models.Model):
    """What happened within an hour (UTC). Computed from the collections, again and again until the hour is well over.

    `messages` are those received in the hour that want an answer: `errors` of them were given up, `pending` had no
    answer yet when last computed. `latencies_ms`: p50 and p95 from a message's receipt to its answer;
    `first_tokens_ms` the same for replies of models. Both are empty where nothing was measured. `compressions` counts
    by outcome. `people`, `approved_people` and `memory_events` are how many there were towards the end of the hour,
    null if nobody looked then. `digests` counts those begun in the hour by their status, the benchmark's left out.
    """

    hour = models.DateTimeField()
    messages = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    latencies_ms = ArrayField(models.FloatField(), default=list, blank=True)
    first_tokens_ms = ArrayField(models.FloatField(), default=list, blank=True)
    exchanges = models.PositiveIntegerField(default=0)
    failed_exchanges = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    completion_tokens = models.PositiveBigIntegerField(default=0)
    compressions = models.JSONField(default=dict, blank=True)
    digests = models.JSONField(default=dict, blank=True)
    people = models.PositiveIntegerField(null=True, blank=True, default=None)
    approved_people = models.PositiveIntegerField(null=True, blank=True, default=None)
    memory_events = models.PositiveIntegerField(null=True, blank=True, default=None)
    computed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "hourly_figures"
        indexes = [
            UniqueIndex(fields=["hour"], name="figures_hour_unique"),
            TTLIndex(fields=["hour"], name="figures_hour_ttl", expire_after_s=FIGURES_TTL_S),
        ]
        verbose_name = "hour"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00}"
