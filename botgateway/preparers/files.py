"""A document or a picture: fetched, stored under a name of ours, its text extracted.

What cannot be read is not kept. A picture is kept without a text, as whether a model sees it is decided with the
answer; a scan only where the model that is asked first takes a PDF as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

import tracing
from botgateway.delivery.telegram import telegram_client
from botgateway.domain.attachments import DOWNLOAD_MAX_BYTES, PHOTO_NAME, Attachment, AttachmentKind
from botgateway.domain.preparation import Preparation
from botgateway.domain.updates import IncomingMessage
from botgateway.errors import FileTooBig, TelegramRefused
from botgateway.extraction.document import Extraction
from botgateway.extraction.errors import ExtractionError, NoText, UnsupportedKind
from botgateway.extraction.extract import extract_text
from botgateway.extraction.kinds import HEAD_BYTES, Kind, detect_kind
from botgateway.extraction.names import safe_name
from botgateway.models import InboxUpdate
from botgateway.preparers.asker import find_first_model, is_forgotten, is_taken
from botgateway.wording.files import FilesPhrase
from llm.prompt import MediaKind
from llm.route import Candidate
from personalization.domain import files

log = structlog.get_logger(__name__)

# Ten of an album stay, in base64, below the 50 MB that OpenAI takes in one request.
PICTURE_MAX_BYTES = 3_500_000
# Some 300 pages, 600 passages: a second of stemming, 3 MB in the database.
TEXT_MAX_CHARS = 600_000
# What the endpoints of OpenAI's format take (its guide "Images and vision"); Telegram's photos are JPEG.
PICTURE_KINDS = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF})
# PDF Reference, "Page objects". In newer files they may be compressed, and are not found.
PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A file at the place where it arrived; `find_model` names the model that is asked first about it."""

    place: Path
    file_id: UUID
    user_id: str
    attachment: Attachment
    find_model: Callable[[], Candidate]


def prepare_file(
    update: InboxUpdate,
    message: IncomingMessage,
    *,
    find_model: Callable[[IncomingMessage], Candidate] = find_first_model,
) -> Preparation:
    """Return the id under which the file is kept, or why it is not."""
    attachment = message.attachment
    assert attachment is not None  # noqa: S101  # or there would be nothing to prepare
    if attachment.size_bytes > DOWNLOAD_MAX_BYTES:
        return _fail(FilesPhrase.TOO_BIG, attachment)
    # Of an edited caption Telegram sends the file once more: it stays the same one.
    file_id = files.build_file_id(f"{message.chat_id}:{message.message_id}:{attachment.file_id}")
    with files.arriving(file_id) as place:
        try:
            telegram_client().download_file(attachment.file_id, place, max_bytes=DOWNLOAD_MAX_BYTES)
        except FileTooBig:
            return _fail(FilesPhrase.TOO_BIG, attachment)
        except TelegramRefused:
            return _fail(FilesPhrase.GONE, attachment)
        arrived = _Arrived(place, file_id, message.user_id, attachment, lambda: find_model(message))
        preparation = _keep(arrived)
    if preparation.file_id and is_forgotten(update):
        files.discard_file(message.user_id, file_id)
    return preparation


def _keep(arrived: _Arrived) -> Preparation:
    attachment = arrived.attachment
    kind = _look_at(arrived.place, attachment)
    if kind.is_image:
        return _keep_picture(arrived, kind)
    try:
        extraction = _read(arrived.place, attachment)
    except ExtractionError as error:
        if isinstance(error, NoText) and error.kind is Kind.PDF:
            return _keep_scan(arrived)
        return _refuse(arrived, error)
    return _store(
        arrived,
        mime_type=attachment.mime_type,
        kind=extraction.kind,
        text=extraction.text,
        is_truncated=extraction.is_truncated,
        pages=extraction.pages,
    )


def _read(place: Path, attachment: Attachment) -> Extraction:
    with tracing.span("read file", expected=(ExtractionError,)):
        found = extract_text(
            place, name=attachment.name, mime_type=attachment.mime_type, max_chars=TEXT_MAX_CHARS
        )
        tracing.note(kind=found.kind, chars=len(found.text), pages=found.pages)
        return found


def _keep_picture(arrived: _Arrived, kind: Kind) -> Preparation:
    if kind not in PICTURE_KINDS:
        return _fail(FilesPhrase.PICTURE_KIND, arrived.attachment)
    if arrived.place.stat().st_size > PICTURE_MAX_BYTES:
        return _fail(FilesPhrase.PICTURE_TOO_BIG, arrived.attachment)
    return _store(arrived, mime_type=kind.image_mime_type, kind=kind)


def _keep_scan(arrived: _Arrived) -> Preparation:
    """Keep a PDF without a text if the model that is asked first reads it all the same."""
    size_bytes, pages = arrived.place.stat().st_size, _count_pages(arrived.place)
    if not is_taken(arrived.find_model(), MediaKind.FILE, size_bytes=size_bytes, pages=pages):
        return _refuse(arrived, NoText(Kind.PDF))
    return _store(arrived, mime_type=arrived.attachment.mime_type, kind=Kind.PDF, pages=pages)


def _count_pages(place: Path) -> int | None:
    """Count the pages of a PDF without parsing it, as programs for scanners write them; None if none is to be found."""
    return len(PAGE_OBJECT.findall(place.read_bytes())) or None


def _store(
    arrived: _Arrived,
    *,
    mime_type: str,
    kind: str,
    text: str = "",
    is_truncated: bool = False,
    pages: int | None = None,
) -> Preparation:
    files.store_file(
        arrived.place,
        file_id=arrived.file_id,
        user_id=arrived.user_id,
        name=_read_name(arrived.attachment),
        mime_type=mime_type,
        kind=kind,
        text=text,
        is_truncated=is_truncated,
        pages=pages,
    )
    return Preparation(file_id=str(arrived.file_id))


def _refuse(arrived: _Arrived, error: ExtractionError) -> Preparation:
    log.info("file not read", user_id=arrived.user_id, kind=error.kind.value, outcome=error.outcome)
    return _fail(_find_phrase(error), arrived.attachment)


def _look_at(arrived: Path, attachment: Attachment) -> Kind:
    with arrived.open("rb") as file:
        return detect_kind(file.read(HEAD_BYTES), attachment.name, attachment.mime_type)


def _find_phrase(error: ExtractionError) -> FilesPhrase:
    if isinstance(error, UnsupportedKind) and (error.kind.is_sound or error.kind.is_video):
        return FilesPhrase.SOUND_OR_VIDEO
    if isinstance(error, UnsupportedKind) and error.kind in (Kind.ARCHIVE, Kind.ZIP):
        return FilesPhrase.ARCHIVE
    return FilesPhrase(error.outcome)


def _read_name(attachment: Attachment) -> str:
    if attachment.kind is AttachmentKind.PHOTO and not attachment.name:
        return PHOTO_NAME
    return safe_name(attachment.name)


def _fail(phrase: FilesPhrase, attachment: Attachment) -> Preparation:
    return Preparation(failure=phrase.value, detail=_read_name(attachment))
