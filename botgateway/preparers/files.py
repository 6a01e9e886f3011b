"""A document or a picture: fetched, stored under a name of ours, its text extracted.

What cannot be read is not kept. A picture is kept without a text: whether a model sees it is decided with the answer.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import structlog

from botgateway.delivery.telegram import telegram_client
from botgateway.domain.attachments import DOWNLOAD_MAX_BYTES, PHOTO_NAME, Attachment, AttachmentKind
from botgateway.domain.preparation import Preparation
from botgateway.domain.updates import IncomingMessage
from botgateway.errors import FileTooBig, TelegramRefused
from botgateway.extraction.errors import ExtractionError, UnsupportedKind
from botgateway.extraction.extract import extract_text
from botgateway.extraction.kinds import HEAD_BYTES, Kind, detect_kind
from botgateway.extraction.names import safe_name
from botgateway.models import InboxUpdate
from botgateway.wording.files import FilesPhrase
from personalization.domain import files

log = structlog.get_logger(__name__)

# Ten of an album stay, in base64, below the 50 MB that OpenAI takes in one request.
PICTURE_MAX_BYTES = 3_500_000
# Some 300 pages, 600 passages: a second of stemming, 3 MB in the database.
TEXT_MAX_CHARS = 600_000
# What the endpoints of OpenAI's format take (its guide "Images and vision"); Telegram's photos are JPEG.
PICTURE_KINDS = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP, Kind.GIF})


def prepare_file(update: InboxUpdate, message: IncomingMessage) -> Preparation:
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
        preparation = _keep(place, file_id, message.user_id, attachment)
    if preparation.file_id and _is_forgotten(update):
        files.discard_file(message.user_id, file_id)
    return preparation


def _keep(arrived: Path, file_id: UUID, user_id: str, attachment: Attachment) -> Preparation:
    kind = _look_at(arrived, attachment)
    if kind.is_image:
        return _keep_picture(arrived, kind, file_id, user_id, attachment)
    try:
        extraction = extract_text(
            arrived, name=attachment.name, mime_type=attachment.mime_type, max_chars=TEXT_MAX_CHARS
        )
    except ExtractionError as error:
        log.info("file not read", user_id=user_id, kind=error.kind.value, outcome=error.outcome)
        return _fail(_find_phrase(error), attachment)
    files.store_file(
        arrived,
        file_id=file_id,
        user_id=user_id,
        name=_read_name(attachment),
        mime_type=attachment.mime_type,
        kind=extraction.kind,
        text=extraction.text,
        is_truncated=extraction.is_truncated,
        pages=extraction.pages,
    )
    return Preparation(file_id=str(file_id))


def _keep_picture(
    arrived: Path, kind: Kind, file_id: UUID, user_id: str, attachment: Attachment
) -> Preparation:
    if kind not in PICTURE_KINDS:
        return _fail(FilesPhrase.PICTURE_KIND, attachment)
    if arrived.stat().st_size > PICTURE_MAX_BYTES:
        return _fail(FilesPhrase.PICTURE_TOO_BIG, attachment)
    files.store_file(
        arrived,
        file_id=file_id,
        user_id=user_id,
        name=_read_name(attachment),
        mime_type=kind.image_mime_type,
        kind=kind.value,
    )
    return Preparation(file_id=str(file_id))


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


def _is_forgotten(update: InboxUpdate) -> bool:
    """Tell whether the message's words have been erased, which is how a person is forgotten, while it was prepared."""
    return InboxUpdate.objects.filter(pk=update.pk, payload="").exists()
