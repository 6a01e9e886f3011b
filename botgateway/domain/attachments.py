"""What a message carries beside its words: voice, audio, documents, pictures, and what Butler cannot read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from llm.prompt import clean_text

FILE_NAME_MAX_CHARS = 255
DOWNLOAD_MAX_BYTES = 20_000_000  # what Telegram hands out to bots, core.telegram.org/bots/api#getfile
INT64_MAX = 2**63 - 1

PHOTO_NAME = "photo.jpg"  # Telegram gives photos no names


class AttachmentKind(StrEnum):
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO_NOTE = "video_note"
    DOCUMENT = "document"
    PHOTO = "photo"
    OTHER = "other"  # a sticker, a place, a poll, …


SPOKEN = (AttachmentKind.VOICE, AttachmentKind.AUDIO, AttachmentKind.VIDEO_NOTE)
FILES = (AttachmentKind.DOCUMENT, AttachmentKind.PHOTO)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file at Telegram. `size_bytes` and `duration_s` are what the sender's client says, 0 if it does not."""

    kind: AttachmentKind
    file_id: str = ""
    size_bytes: int = 0
    duration_s: int = 0
    name: str = ""
    mime_type: str = ""

    @property
    def is_spoken(self) -> bool:
        return self.kind in SPOKEN

    @property
    def is_file(self) -> bool:
        return self.kind in FILES


def read_attachment(message: dict[str, Any]) -> Attachment | None:
    """Return what a message carries; None for one of words alone."""
    for kind in (
        AttachmentKind.VOICE,
        AttachmentKind.AUDIO,
        AttachmentKind.VIDEO_NOTE,
        AttachmentKind.DOCUMENT,
    ):
        if isinstance(media := message.get(kind), dict):
            return _read_media(kind, media)
    if photo := _find_largest_photo(message.get("photo")):
        return _read_media(AttachmentKind.PHOTO, photo)
    return None if message.get("text") else Attachment(AttachmentKind.OTHER)


def _read_media(kind: AttachmentKind, media: dict[str, Any]) -> Attachment:
    mime_type = _read_text(media, "mime_type").lower()
    if kind is AttachmentKind.DOCUMENT and mime_type.startswith("audio/"):
        kind = AttachmentKind.AUDIO  # sound that was sent «as a file»
    return Attachment(
        kind,
        file_id=_read_text(media, "file_id"),
        size_bytes=_read_count(media, "file_size"),
        duration_s=_read_count(media, "duration"),
        name=_read_text(media, "file_name")[:FILE_NAME_MAX_CHARS],
        mime_type=mime_type,
    )


def _find_largest_photo(sizes: object) -> dict[str, Any] | None:
    """Telegram sends a picture in several sizes (core.telegram.org/bots/api#photosize)."""
    if not isinstance(sizes, list):
        return None
    known = [size for size in sizes if isinstance(size, dict)]
    return max(known, key=lambda size: _read_count(size, "width") * _read_count(size, "height"), default=None)


def _read_count(media: dict[str, Any], name: str) -> int:
    value = media.get(name)
    return value if isinstance(value, int) and 0 <= value <= INT64_MAX else 0


def _read_text(media: dict[str, Any], name: str) -> str:
    value = media.get(name)
    return clean_text(value) if isinstance(value, str) else ""
