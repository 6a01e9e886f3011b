"""The durable inbox, and the people who may talk to Butler."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django_mongodb_backend.fields import ArrayField
from django_mongodb_backend.managers import MongoManager

from botgateway.enums import AccessState, UpdateStatus
from mongo_indexes import TTLIndex, UniqueIndex

# After a week without updates Telegram continues at a random update_id (core.telegram.org/bots/api#update). By then
# every stored one has gone, so a new one is never mistaken for a redelivery. Telegram itself keeps updates for a day.
INBOX_TTL_S = 6 * 86_400


class InboxUpdate(models.Model):
    """One update as Telegram delivered it, and what became of it.

    `payload` is the JSON text itself: nothing in it can act as an operator or a field name of the database.
    """

    update_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    chat_id = models.CharField(max_length=32, blank=True, default="")
    payload = models.TextField()
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=8, choices=UpdateStatus, default=UpdateStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer_message_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, default=None)
    trace_id = models.CharField(max_length=32)

    objects = models.Manager()
    pipelines: ClassVar[Any] = MongoManager()

    class Meta:
        db_table = "inbox_updates"
        indexes = [
            UniqueIndex(fields=["update_id"], name="update_id_unique"),
            models.Index(fields=["status", "chat_id", "received_at"], name="status_chat_received"),
            TTLIndex(fields=["received_at"], name="received_at_ttl", expire_after_s=INBOX_TTL_S),
        ]
        verbose_name = "update"

    def __str__(self) -> str:
        return f"{self.update_id} {self.kind} {self.status}"


class Person(models.Model):
    """Somebody who wrote to Butler while ACCESS_POLICY asked for an approval."""

    user_id = models.CharField(max_length=64)
    chat_id = models.CharField(max_length=32)
    first_name = models.CharField(max_length=200, blank=True, default="")
    username = models.CharField(max_length=64, blank=True, default="")
    access_state = models.CharField(max_length=8, choices=AccessState, default=AccessState.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "people"
        indexes = [
            UniqueIndex(fields=["user_id"], name="person_user_id_unique"),
            models.Index(fields=["access_state", "-created_at"], name="access_state_created_at"),
        ]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.first_name} ({self.user_id})"
