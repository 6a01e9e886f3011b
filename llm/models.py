"""What is kept of language models: which there are, and what asking them cost. Never a word of a conversation."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from llm.prompt import Purpose
from mongo_indexes import TTLIndex, UniqueIndex

NAME_MAX_CHARS = 64
MODEL_ID_MAX_CHARS = 200
USER_ID_MAX_CHARS = 64
EXCHANGE_TTL_S = 7_776_000  # 90 days; another EXCHANGE_TTL_DAYS is applied after each migration


class CatalogueModel(models.Model):
    """A model that a provider listed. `vanished_at`: when it was first missing; null while it is there."""

    provider = models.CharField(max_length=NAME_MAX_CHARS)
    model_id = models.CharField(max_length=MODEL_ID_MAX_CHARS)
    context_tokens = models.PositiveIntegerField(null=True, blank=True, default=None)
    supports_files = models.BooleanField(null=True, blank=True, default=None)
    supports_images = models.BooleanField(null=True, blank=True, default=None)
    supports_audio = models.BooleanField(null=True, blank=True, default=None)
    first_seen_at = models.DateTimeField(default=timezone.now)
    vanished_at = models.DateTimeField(null=True, blank=True, default=None)

    class Meta:
        db_table = "llm_models"
        indexes = [UniqueIndex(fields=["provider", "model_id"], name="provider_model_id_unique")]
        verbose_name = _("model")
        verbose_name_plural = _("models")

    def __str__(self) -> str:
        return f"{self.provider}:{self.model_id}"


class ProviderState(models.Model):
    """When a provider was last asked for its models, and what came of it.

    `failure` is the outcome of the last refresh if it failed, empty if it did not: then its models are stale, as of
    `refreshed_at`.
    """

    provider = models.CharField(max_length=NAME_MAX_CHARS)
    refreshed_at = models.DateTimeField(null=True, blank=True, default=None)
    asked_at = models.DateTimeField(null=True, blank=True, default=None)
    failure = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        db_table = "llm_providers"
        indexes = [UniqueIndex(fields=["provider"], name="provider_unique")]
        verbose_name = _("provider")
        verbose_name_plural = _("providers")

    def __str__(self) -> str:
        return self.provider

    @property
    def is_stale(self) -> bool:
        return bool(self.failure)


class Exchange(models.Model):
    """One call to a model: what it cost and how it ended. `user_id` is empty where nobody is meant (any more).

    `outcome` is `ok`, `stopped` or that of an `LLMError`; times are seconds since the call began, `first_token_s` null
    if none came. The token counts are the vendor's, or estimates where `is_estimated`.
    """

    user_id = models.CharField(max_length=USER_ID_MAX_CHARS, blank=True, default="")
    provider = models.CharField(max_length=NAME_MAX_CHARS)
    model = models.CharField(max_length=MODEL_ID_MAX_CHARS, blank=True, default="")
    purpose = models.CharField(max_length=16, choices=[(purpose.value, purpose.value) for purpose in Purpose])
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    is_estimated = models.BooleanField(default=False)
    first_token_s = models.FloatField(null=True, blank=True, default=None)
    duration_s = models.FloatField(default=0.0)
    outcome = models.CharField(max_length=32)
    trace_id = models.CharField(max_length=32, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "llm_exchanges"
        indexes = [
            models.Index(fields=["user_id", "-created_at"], name="exchange_user_id_created_at"),
            models.Index(fields=["purpose", "-created_at"], name="exchange_purpose_created_at"),
            models.Index(fields=["trace_id"], name="exchange_trace_id"),
            TTLIndex(fields=["created_at"], name="exchange_created_at_ttl", expire_after_s=EXCHANGE_TTL_S),
        ]
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")

    def __str__(self) -> str:
        return f"{self.provider}:{self.model} {self.outcome} {self.created_at:%Y-%m-%d %H:%M:%S}"
