"""Files that people sent: kept under names of ours, with their text in passages; deleted, expired.

A file is three things: the record, the content at `MEDIA_ROOT/files/<file id>`, and the passages of its text. The
record comes first and goes last, so whatever a crash leaves is found by it, and finished by the next attempt. Nothing
lies on the disk without one but what is just arriving, and what stays of that is swept away when it has grown old.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from llm.prompt import Media, MediaKind, kind_of_media
from personalization import metrics
from personalization.domain.passages import overlap_before, split_passages
from personalization.domain.stemming import stems_of
from personalization.models import FilePassage, StoredFile, UserProfile

log = structlog.get_logger(__name__)

FILE_NAMESPACE = uuid.UUID("0f3c2f0e-6a58-5d43-8f0b-7f1f5d2a9c64")
FOLDER = "files"
ARRIVING_SUFFIX = ".arriving"
FOLDER_MODE, FILE_MODE = 0o700, 0o600
BATCH = 200
# What some model takes as it is, by the kind of the record: a document, pictures, and recordings of any type.
AUDIO_KIND = "audio"
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}
# Longer than any download with its reading and its attempts; what lies there without a record since then is left over.
ORPHAN_AGE_S = 6 * 3_600


def build_file_id(key: str) -> uuid.UUID:
    """Derive a file's id from the message that brought it, so that storing it again is recognised."""
    return uuid.uuid5(FILE_NAMESPACE, key)


@contextmanager
def arriving(file_id: uuid.UUID) -> Iterator[Path]:
    """Give a place on the right disk to fetch a file to, for one attempt; what stays there afterwards is removed."""
    folder = _folder()
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    place = folder / f"{file_id}.{uuid.uuid4().hex}{ARRIVING_SUFFIX}"
    place.touch(mode=FILE_MODE)
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)


def store_file(
    arrived: Path,
    *,
    file_id: uuid.UUID,
    user_id: str,
    name: str,
    mime_type: str,
    kind: str,
    text: str = "",
    is_truncated: bool = False,
    pages: int | None = None,
) -> StoredFile:
    """Keep what has arrived: record, content, passages. Doing it again changes nothing, and completes half a file.

    `name` is what may be shown; no path is made of it. `is_truncated`: the file holds more text than `text`.
    """
    size_bytes = arrived.stat().st_size
    record = StoredFile(
        file_id=file_id,
        user_id=user_id,
        name=name,
        mime_type=mime_type[: StoredFile._meta.get_field("mime_type").max_length],
        kind=kind,
        size_bytes=size_bytes,
        path=f"{FOLDER}/{file_id}",
        text_chars=len(text),
        is_truncated=is_truncated,
        pages=pages,
    )
    try:
        record.save(force_insert=True)
    except IntegrityError:
        record = StoredFile.objects.get(file_id=file_id, user_id=user_id)
    arrived.rename(_folder() / str(file_id))
    _store_passages(record, text)
    log.info("file stored", user_id=user_id, file_id=str(file_id), kind=kind, size_bytes=size_bytes)
    return record


def find_files(user_id: str, file_ids: Iterable[str | uuid.UUID]) -> list[StoredFile]:
    """Return those of a person's files that are still there, in the order of the ids."""
    order = [uuid.UUID(str(file_id)) for file_id in file_ids]
    if not order:
        return []
    found = {file.file_id: file for file in StoredFile.objects.filter(user_id=user_id, file_id__in=order)}
    return [found[file_id] for file_id in order if file_id in found]


def read_content(file: StoredFile) -> bytes:
    """Return a file as it was sent. Raises `FileNotFoundError`."""
    return _place_of(file.file_id).read_bytes()


def find_media_kind(file: StoredFile) -> MediaKind | None:
    """Tell what a file is to a model that takes such as they are; None for a kind that is only read."""
    mime_type = _media_type_of(file)
    return kind_of_media(mime_type) if mime_type else None


def read_media(file: StoredFile, *, duration_s: float = 0.0) -> Media:
    """Return a file for a model that takes it as it is. Raises `FileNotFoundError`."""
    return Media(read_content(file), _media_type_of(file), file.name, file.pages, duration_s or None)


def read_text(file: StoredFile) -> str:
    """Return all the text that was kept of a file; empty for a picture."""
    return "".join(_passages_of(file).order_by("ordinal").values_list("text", flat=True))


def note_files(profile: UserProfile) -> None:
    """Let later questions look at this person's files."""
    if not profile.has_files:
        profile.has_files = True
        UserProfile.objects.filter(user_id=profile.user_id).update(has_files=True)
        metrics.PROFILE_WRITES.inc()


def delete_file(user_id: str, file_id: str | uuid.UUID) -> bool:
    """Delete one of a person's files; False if they have none of this id (any more)."""
    try:
        (file,) = find_files(user_id, [file_id])
    except ValueError:  # gone, or no id at all
        return False
    _delete([file])
    _note_what_is_left(user_id)
    return True


def delete_files(user_id: str) -> int:
    """Delete all of a person's files; return how many. Killed anywhere, the next call finishes."""
    deleted = 0
    while files := list(StoredFile.objects.filter(user_id=user_id)[:BATCH]):
        deleted += _delete(files)
    recorded = list(
        StoredFile.objects.filter(user_id=user_id).values_list("file_id", flat=True)
    )  # sent meanwhile
    FilePassage.objects.filter(user_id=user_id).exclude(file_id__in=recorded).delete()
    _note_what_is_left(user_id)
    return deleted


def discard_file(user_id: str, file_id: uuid.UUID) -> None:
    """Undo `store_file`, whatever is left of it; the profile, which has not heard of the file, is not looked at."""
    _delete([StoredFile(file_id=file_id, user_id=user_id)])


def expire_files() -> int:
    """Delete files older than MEMORY_TTL_DAYS and what lies about without a record; return how many files."""
    expired = StoredFile.objects.filter(
        created_at__lt=timezone.now() - timedelta(days=settings.MEMORY_TTL_DAYS)
    )
    deleted = 0
    while files := list(expired.order_by("created_at")[:BATCH]):
        deleted += _delete(files)
        for user_id in {file.user_id for file in files}:
            _note_what_is_left(user_id)
    orphans = _sweep_orphans()
    log.info("files expired", files=deleted, orphans=orphans)
    return deleted


def _media_type_of(file: StoredFile) -> str:
    """Return the type by what the file is found to be: that of a document in the record is the sender's word."""
    return file.mime_type if file.kind == AUDIO_KIND else MEDIA_TYPES.get(file.kind, "")


def _folder() -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER


def _place_of(file_id: uuid.UUID) -> Path:
    return _folder() / str(file_id)


def _passages_of(file: StoredFile) -> QuerySet[FilePassage]:
    return FilePassage.objects.filter(file_id=file.file_id, user_id=file.user_id)


def _store_passages(file: StoredFile, text: str) -> None:
    """Store the passages that are not there yet: an attempt that broke off may have left some."""
    texts = split_passages(text)
    known = set(_passages_of(file).values_list("ordinal", flat=True)) if texts else set()
    FilePassage.objects.bulk_create(
        [
            FilePassage(
                file_id=file.file_id,
                user_id=file.user_id,
                ordinal=ordinal,
                text=passage,
                stems=stems_of(overlap_before(texts[ordinal - 1] if ordinal else "") + passage),
                created_at=file.created_at,
            )
            for ordinal, passage in enumerate(texts)
            if ordinal not in known
        ],
        batch_size=BATCH,
    )


def _delete(files: Sequence[StoredFile]) -> int:
    """Delete content, passages and records, in this order."""
    for file in files:
        _place_of(file.file_id).unlink(missing_ok=True)
    file_ids = [file.file_id for file in files]
    user_ids = {file.user_id for file in files}
    FilePassage.objects.filter(file_id__in=file_ids, user_id__in=user_ids).delete()
    deleted, _ = StoredFile.objects.filter(file_id__in=file_ids, user_id__in=user_ids).delete()
    return deleted


def _note_what_is_left(user_id: str) -> None:
    has_files = StoredFile.objects.filter(user_id=user_id, text_chars__gt=0).exists()
    UserProfile.objects.filter(user_id=user_id).exclude(has_files=has_files).update(has_files=has_files)


def _sweep_orphans() -> int:
    """Remove old content without a record; return how much."""
    if not _folder().is_dir():
        return 0
    old = [place for place in _folder().iterdir() if _age_s(place) > ORPHAN_AGE_S]
    return sum(_remove_unrecorded(old[start : start + BATCH]) for start in range(0, len(old), BATCH))


def _age_s(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except FileNotFoundError:  # deleted meanwhile
        return 0.0


def _remove_unrecorded(places: Sequence[Path]) -> int:
    ids = {place: _read_id(place) for place in places}
    known = StoredFile.objects.filter(file_id__in=[file_id for file_id in ids.values() if file_id])
    recorded = set(known.values_list("file_id", flat=True))
    orphans = [place for place, file_id in ids.items() if file_id not in recorded]
    for place in orphans:
        place.unlink(missing_ok=True)
    return len(orphans)


def _read_id(place: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(place.name)
    except ValueError:  # what was arriving, or nothing of ours
        return None
