"""The durable inbox, and the people who may talk to Butler."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField, ObjectIdField
from django_mongodb_backend.managers import MongoManager

from botgateway.enums import AccessState, BroadcastStatus, DecisionSource, NoticeStatus, UpdateStatus
from mongo_indexes import TTLIndex, UniqueIndex

# After a week without updates Telegram continues at a random update_id (core.telegram.org/bots/api#update). By then
# every stored one has gone, so a new one is never mistaken for a redelivery. Telegram itself keeps updates for a day.
INBOX_TTL_S = 6 * 86_400
NOTICE_TTL_S = 30 * 86_400  # a request may wait for an admin's holiday


class InboxUpdate(models.Model):
    """One update as Telegram delivered it, and what became of it.

    `payload` is the JSON text itself: nothing in it can act as an operator or a field name of the database. It is
    empty where the update is none of Butler's business, or its person asked to be forgotten.
    `prepared` is what recognition of speech or reading of a file came to (`domain.preparation`), as JSON.
    `undelivered` is an answer that is complete and waits for its turn at Telegram.
    `joined_to` is the first update of a question that came in several.
    """

    update_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    chat_id = models.CharField(max_length=32, blank=True, default="")
    user_id = models.CharField(max_length=64, blank=True, default="")
    message_id = models.BigIntegerField(null=True, blank=True, default=None)
    payload = models.TextField(blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=8, choices=UpdateStatus, default=UpdateStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer_message_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, default=None)
    trace_id = models.CharField(max_length=32)
    prepared = models.TextField(blank=True, default="")
    undelivered = models.TextField(blank=True, default="")
    joined_to = ObjectIdField(null=True, blank=True, default=None)

    objects = models.Manager()
    pipelines: ClassVar[Any] = MongoManager()

    class Meta:
        db_table = "inbox_updates"
        indexes = [
            UniqueIndex(fields=["update_id"], name="update_id_unique"),
            models.Index(fields=["status", "chat_id", "received_at"], name="status_chat_received"),
            models.Index(fields=["trace_id"], name="update_trace_id"),
            TTLIndex(fields=["received_at"], name="received_at_ttl", expire_after_s=INBOX_TTL_S),
        ]
        verbose_name = _("update")
        verbose_name_plural = _("updates")

    def __str__(self) -> str:
        return f"{self.update_id} {self.kind} {self.status}"


class Person(models.Model):
    """Somebody who wrote to Butler, and whether they may talk to it.

    `chat_id` is their private chat, empty as long as they have only been met in groups.
    `unfinished` is what the last decision has yet to leave behind (`domain.decisions`), empty when all is done.
    """

    user_id = models.CharField(max_length=64)
    chat_id = models.CharField(max_length=32, blank=True, default="")
    first_name = models.CharField(max_length=200, blank=True, default="")
    username = models.CharField(max_length=64, blank=True, default="")
    language_code = models.CharField(max_length=16, blank=True, default="")
    access_state = models.CharField(max_length=8, choices=AccessState, default=AccessState.PENDING)
    decided_at = models.DateTimeField(null=True, blank=True, default=None)
    decided_by = models.CharField(max_length=100, blank=True, default="")
    unfinished = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "people"
        indexes = [
            UniqueIndex(fields=["user_id"], name="person_user_id_unique"),
            models.Index(fields=["access_state", "-created_at"], name="access_state_created_at"),
            models.Index(fields=["unfinished"], name="person_unfinished"),
            models.Index(fields=["-created_at"], name="person_created_at"),
            models.Index(fields=["first_name"], name="person_first_name"),
            models.Index(fields=["username"], name="person_username"),
        ]
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return f"{self.first_name} ({self.user_id})"


class AccessDecision(models.Model):
    """The audit of access: who decided what about whom, and when. Never changed, never deleted."""

    user_id = models.CharField(max_length=64)
    before = models.CharField(max_length=8, choices=AccessState)
    after = models.CharField(max_length=8, choices=AccessState)
    decided_by = models.CharField(max_length=100)  # `telegram:<user id>` or `staff:<user name>`
    via = models.CharField(max_length=8, choices=DecisionSource)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "access_decisions"
        indexes = [
            models.Index(fields=["user_id", "-decided_at"], name="user_id_decided_at"),
            models.Index(fields=["decided_by"], name="decision_decided_by"),
            models.Index(fields=["-decided_at"], name="decision_decided_at"),
            models.Index(fields=["after", "-decided_at"], name="decision_after_decided_at"),
        ]
        verbose_name = _("access decision")
        verbose_name_plural = _("access decisions")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.before} → {self.after}"


class Notice(models.Model):
    """A message that answers nobody: a decision, a request or a report to the admins. Sent once, durably.

    `key` says what it is about: the same notice is filed once. A revised one is shown by editing its messages.

    A person's copy of a broadcast names it, has no text of its own, and goes out by one of its lanes
    (`domain.broadcasts`). `known_message_id` is the newest message known when its delivery began, 0 for none.
    """

    key = models.CharField(max_length=150)
    chat_id = models.CharField(max_length=32)
    about_user_id = models.CharField(max_length=64, blank=True, default="")
    text = models.TextField(blank=True)
    keyboard = models.TextField(blank=True, default="")
    broadcast_id = models.CharField(max_length=24, blank=True, default="")
    lane = models.PositiveSmallIntegerField(default=0)
    known_message_id = models.BigIntegerField(default=0)
    status = models.CharField(max_length=9, choices=NoticeStatus, default=NoticeStatus.PENDING)
    revision = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    message_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    trace_id = models.CharField(max_length=32, blank=True, default="")

    class Meta:
        db_table = "notices"
        indexes = [
            UniqueIndex(fields=["key"], name="notice_key_unique"),
            models.Index(fields=["status", "chat_id", "created_at"], name="notice_status_chat_created"),
            models.Index(
                fields=["broadcast_id", "status", "lane", "due_at"], name="notice_broadcast_lane_due"
            ),
            models.Index(fields=["about_user_id"], name="notice_about_user_id"),
            TTLIndex(fields=["created_at"], name="notice_created_at_ttl", expire_after_s=NOTICE_TTL_S),
        ]
        verbose_name = _("notice")
        verbose_name_plural = _("notices")

    def __str__(self) -> str:
        return f"{self.key} {self.status}"


class Broadcast(models.Model):
    """A message from staff to everybody who is approved. Each person's copy is a notice that names this broadcast.

    One with a `channel_id` goes to those who subscribe to its digests instead (`domain.digest_delivery`): to those of
    an `hour` of a `time_zone`, with the digest of `day`; without a day to all, with word that there will be no more.
    It has no text of its own, and goes when `expires_at` has come.

    `filed_until` is the `user_id` up to which notices are filed: whoever takes over after a crash goes on from there.
    `sent`, `failed` and `left_out` are counted at the end: notices go after a month.
    """

    text = models.TextField()
    channel_id = models.CharField(max_length=32, blank=True, default="")
    day = models.CharField(max_length=10, blank=True, default="")
    hour = models.PositiveSmallIntegerField(default=0)
    time_zone = models.CharField(max_length=64, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True, default=None)
    status = models.CharField(max_length=9, choices=BroadcastStatus, default=BroadcastStatus.DRAFT)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True, default=None)
    finished_at = models.DateTimeField(null=True, blank=True, default=None)
    filed_until = models.CharField(max_length=64, blank=True, default="")
    filed = models.PositiveIntegerField(default=0)
    sent = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "broadcasts"
        indexes = [
            models.Index(fields=["status", "created_at"], name="broadcast_status_created_at"),
            models.Index(fields=["channel_id", "-created_at"], name="broadcast_channel_created_at"),
            TTLIndex(fields=["expires_at"], name="broadcast_expires_at_ttl", expire_after_s=0),
        ]
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")

    def __str__(self) -> str:
        return f"{timezone.localtime(self.created_at):%Y-%m-%d %H:%M}"
