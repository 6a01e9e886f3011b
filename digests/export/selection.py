"""What is exported: of which channels and days, all of it or a sample drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from digests.enums import DigestStatus
from digests.models import Channel, Digest, ReviewReport

BATCH_RECORDS = 50  # with their posts, which are up to some megabytes each

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Days are `YYYY-MM-DD`, both included; empty: from the first, to the last. Without `channels`, all of them.

    `sample`: so many records at most, drawn by `seed`; None: every one.
    """

    channels: tuple[str, ...] = ()
    first_day: str = ""
    last_day: str = ""
    sample: int | None = None
    seed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "channels": sorted(self.channels),
            "first_day": self.first_day,
            "last_day": self.last_day,
            "sample": self.sample,
        }


def list_digests(selection: Selection) -> Iterator[tuple[Digest, Channel]]:
    """Yield written digests with their channels, by channel and day."""
    channels = {channel.channel_id: channel for channel in Channel.objects.all()}
    written = _narrow(Digest.objects.filter(status=DigestStatus.WRITTEN), selection)
    for digest in _read(_choose(written, selection, key=("channel_id", "day")), Digest):
        yield digest, channels[digest.channel_id]


def list_reports(selection: Selection) -> Iterator[ReviewReport]:
    """Yield review reports, by channel, day and reviewer."""
    reports = _narrow(ReviewReport.objects.all(), selection)
    yield from _read(
        _choose(reports, selection, key=("channel_id", "day", "provider", "model")), ReviewReport
    )


def _narrow(rows: QuerySet[M], selection: Selection) -> QuerySet[M]:
    if selection.channels:
        rows = rows.filter(channel_id__in=selection.channels)
    if selection.first_day:
        rows = rows.filter(day__gte=selection.first_day)
    if selection.last_day:
        rows = rows.filter(day__lte=selection.last_day)
    return rows


def _choose(rows: QuerySet[M], selection: Selection, *, key: Sequence[str]) -> list[Any]:
    """Return the primary keys of what is to be exported, in the order of `key`."""
    ordered = [row[-1] for row in sorted(rows.values_list(*key, "pk"), key=lambda row: row[:-1])]
    if selection.sample is None or selection.sample >= len(ordered):
        return ordered
    chosen = set(random.Random(selection.seed).sample(range(len(ordered)), selection.sample))  # noqa: S311
    return [pk for place, pk in enumerate(ordered) if place in chosen]


def _read(pks: Sequence[Any], model: type[M]) -> Iterator[M]:
    """Read documents in the order of their keys, some at a time."""
    for start in range(0, len(pks), BATCH_RECORDS):
        batch = pks[start : start + BATCH_RECORDS]
        found = {document.pk: document for document in model._default_manager.filter(pk__in=batch)}
        yield from (found[pk] for pk in batch if pk in found)
