"""The sections of a person's page: what each shows, who may see it, and which of them are words that somebody said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from admin_lists import count_up_to
from botgateway.models import AccessDecision, Person
from digests.admin.lists import attach_channels
from digests.models import Subscription
from llm.admin_texts import describe_outcome
from llm.models import Exchange
from personalization.admin.compressions import describe_status
from personalization.admin.files import build_download_address
from personalization.admin.reading import READ_FLAG, READ_PERMISSION
from personalization.domain import memory
from personalization.domain.compression_records import is_requested
from personalization.models import Compression, FilePassage, MemoryEvent, StoredFile, UserProfile

PER_PAGE = 20
EVENTS_PER_PAGE = 40
COUNTED_EVENTS = 1_000  # a compressed memory has some fifty
PAGES = 500  # nobody leafs further; a page is found by reading past those before it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: whose section, which page of it (from 1), and the words that are searched for in it."""

    person: Person
    page: int = 1
    words: str = ""
    reference: str = ""

    @property
    def user_id(self) -> str:
        return self.person.user_id


@dataclass(frozen=True, slots=True)
class Section:
    """`permission` opens it. A private one waits to be asked for, and its reading is logged."""

    name: str
    title: str | Promise
    permission: str
    read: Callable[[Wanted], Mapping[str, Any]]
    is_private: bool = False


def read_profile(wanted: Wanted) -> Mapping[str, Any]:
    profile = find_profile(wanted)
    if profile is None:
        return {"profile": None}
    events = count_up_to(list_events(wanted, profile), COUNTED_EVENTS)
    return {
        "profile": profile,
        "events": f"{COUNTED_EVENTS}+" if events > COUNTED_EVENTS else str(events),
        "cap": settings.MEMORY_CAP,
        "files": StoredFile.objects.filter(user_id=wanted.user_id).count(),
    }


def read_access(wanted: Wanted) -> Mapping[str, Any]:
    decisions = AccessDecision.objects.filter(user_id=wanted.user_id).order_by("-decided_at")
    return take_page(decisions, wanted)


def read_summary(wanted: Wanted) -> Mapping[str, Any]:
    return {"profile": find_profile(wanted)}


def read_conversation(wanted: Wanted) -> Mapping[str, Any]:
    """Return a page of what was said, its oldest first; the first page is the latest."""
    events = list_events(wanted, find_profile(wanted))
    if wanted.words:
        events = events.filter(content__icontains=wanted.words)
    found = take_page(events.order_by("-created_at", "-pk"), wanted, size=EVENTS_PER_PAGE)
    return {**found, "rows": found["rows"][::-1], "is_searchable": True}


def read_files(wanted: Wanted) -> Mapping[str, Any]:
    files = StoredFile.objects.filter(user_id=wanted.user_id).order_by("-created_at")
    found = take_page(files, wanted)
    return {**found, "rows": [(file, build_download_address(file)) for file in found["rows"]]}


def read_file_text(wanted: Wanted) -> Mapping[str, Any]:
    passages = FilePassage.objects.filter(file_id=wanted.reference, user_id=wanted.user_id)
    file = StoredFile.objects.filter(file_id=wanted.reference, user_id=wanted.user_id).first()
    return {**take_page(passages.order_by("ordinal"), wanted), "file": file}


def read_exchanges(wanted: Wanted) -> Mapping[str, Any]:
    found = take_page(Exchange.objects.filter(user_id=wanted.user_id).order_by("-created_at"), wanted)
    return {**found, "rows": [(exchange, describe_outcome(exchange.outcome)) for exchange in found["rows"]]}


def read_compressions(wanted: Wanted) -> Mapping[str, Any]:
    is_waited_for = is_under_way(wanted.user_id)  # looked at first: what ends meanwhile is asked for again
    records = Compression.objects.filter(user_id=wanted.user_id).order_by("-created_at")
    found = take_page(records, wanted)
    rows = [(compression, describe_status(compression.status)) for compression in found["rows"]]
    return {**found, "rows": rows, "is_under_way": is_waited_for}


def read_subscriptions(wanted: Wanted) -> Mapping[str, Any]:
    found = take_page(
        Subscription.objects.filter(user_id=wanted.user_id).order_by("user_id", "channel_id"), wanted
    )
    attach_channels(found["rows"])
    return found


def read_log(wanted: Wanted) -> Mapping[str, Any]:
    """Return what staff did and read, of the person's record and of the profile's."""
    keys = [str(wanted.person.pk)]
    keys += map(str, UserProfile.objects.filter(user_id=wanted.user_id).values_list("pk", flat=True))
    entries = LogEntry.objects.filter(object_id__in=keys).select_related("user").order_by("-action_time")
    found = take_page(entries, wanted)
    return {**found, "rows": [(entry, describe_entry(entry)) for entry in found["rows"]]}


SECTIONS = {
    section.name: section
    for section in (
        Section("profile", _("Profile"), "personalization.view_userprofile", read_profile),
        Section("access", _("Access"), "botgateway.view_accessdecision", read_access),
        Section("summary", _("Summary of earlier conversations"), READ_PERMISSION, read_summary, True),
        Section("conversation", _("Conversation"), READ_PERMISSION, read_conversation, True),
        Section("files", _("Files"), READ_PERMISSION, read_files, True),
        Section("exchanges", _("Exchanges with models"), "llm.view_exchange", read_exchanges),
        Section("compressions", _("Compressions"), "personalization.view_compression", read_compressions),
        Section("subscriptions", _("Subscriptions"), "digests.view_subscription", read_subscriptions),
        Section("log", _("What staff did and read"), "admin.view_logentry", read_log),
    )
}
FILE_TEXT = Section("text", _("Text of a file"), READ_PERMISSION, read_file_text, True)
# What else is noted as read, beside the sections.
READ_PARTS = {
    "download": _("a file"),
    "export": _("an export"),
    "notice": _("a notice"),
    "memoryevent": _("memory events"),
    "storedfile": _("files"),
}


def take_page(found: QuerySet[Any], wanted: Wanted, *, size: int = PER_PAGE) -> dict[str, Any]:
    """Return a page and whether there are neighbours, without counting what there is."""
    page = min(max(wanted.page, 1), PAGES)
    start = (page - 1) * size
    rows = list(found[start : start + size + 1])
    has_more = len(rows) > size and page < PAGES
    return {"rows": rows[:size], "newer": page - 1, "older": page + 1 if has_more else 0}


def list_events(wanted: Wanted, profile: UserProfile | None) -> QuerySet[MemoryEvent]:
    """Return what counts as said: what is summed up or cleared only waits to be deleted."""
    counted = memory.above(memory.watermark_of(profile)) if profile else Q()
    return MemoryEvent.objects.filter(counted, user_id=wanted.user_id)


def find_profile(wanted: Wanted) -> UserProfile | None:
    return UserProfile.objects.filter(user_id=wanted.user_id).first()


def is_under_way(user_id: str) -> bool:
    try:
        return is_requested(user_id)
    except RedisError:
        return False


def describe_entry(entry: LogEntry) -> str:
    """Say what an entry of the log is about, in the reader's language."""
    message = entry.get_change_message()
    if entry.action_flag != READ_FLAG:
        return gettext(message) if message else str(entry.get_action_flag_display())
    part, _space, page = message.partition(" ")
    sections = {**SECTIONS, FILE_TEXT.name: FILE_TEXT}
    title = sections[part].title if part in sections else READ_PARTS.get(part, part)
    return gettext("read: %(part)s, page %(page)s") % {"part": str(title), "page": page}
