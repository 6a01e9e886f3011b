"""Files that people and the bot have sent."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath

from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.store import Store
from sandbox.telegram.pictures import draw_plain_picture, fit_into, measure_picture

MEBIBYTE = 1 << 20
MAX_DOWNLOAD_BYTES = 20 * MEBIBYTE  # https://core.telegram.org/bots/api#getfile
MAX_UPLOAD_BYTES = 50 * MEBIBYTE  # https://core.telegram.org/bots/api#sending-files
FOLDERS = {
    "document": "documents",
    "voice": "voice",
    "audio": "music",
    "photo": "photos",
    "video": "videos",
    "video_note": "video_notes",
}
DEFAULT_SUFFIXES = {
    "document": "",
    "voice": ".oga",
    "audio": ".mp3",
    "photo": ".jpg",
    "video": ".mp4",
    "video_note": ".mp4",
}
DEFAULT_TYPES = {
    "voice": "audio/ogg",
    "audio": "audio/mpeg",
    "photo": "image/jpeg",
    "video": "video/mp4",
    "video_note": "video/mp4",
}
# Pixels, where the file does not say: the stand-in decodes neither pictures nor video.
DEFAULT_SIZES = {"photo": (800, 800), "video": (640, 480), "video_note": (384, 384)}
SMALLER_SIDES = (
    90,
    320,
)  # Telegram's sizes "s" and "m", https://core.telegram.org/api/files#image-thumbnail-types


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's record; `size` in bytes, `path` as getFile gives it, `smaller` PhotoSizes of a photo."""

    file_id: str
    unique_id: str
    kind: str
    name: str
    mime_type: str
    size: int
    path: str
    width: int = 0
    height: int = 0
    smaller: list[JsonObject] = field(default_factory=list)

    def media(self, *, duration_s: int = 1) -> JsonObject | list[JsonObject]:
        """Build the Document, Voice, Audio, Video, VideoNote or, smallest first, PhotoSizes of a Message."""
        base = {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}
        area = {"width": self.width, "height": self.height}
        named = {"file_name": self.name, "mime_type": self.mime_type}
        if self.kind == "photo":
            return [*self.smaller, {**base, **area}]
        lasting = {**base, "duration": duration_s}
        return {
            "voice": {**lasting, "mime_type": self.mime_type},
            "audio": {**lasting, **named},
            "video": {**lasting, **area, **named},
            "video_note": {**lasting, "length": self.width},
        }.get(self.kind, {**base, **named})


class FileShelf:
    """Keep files by file id; contents live in the store, only records in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = {key: StoredFile(**body) for key, body in store.load("file")}
        self._by_path = {stored.path: stored for stored in self._files.values()}

    def add(
        self, *, kind: str, name: str, mime_type: str, content: bytes, claimed_size: int | None = None
    ) -> StoredFile:
        """Keep a file; `claimed_size` (bytes) lets a small one pass for a large one."""
        measured = measure_picture(content) if kind == "photo" else None
        size = measured or DEFAULT_SIZES.get(kind, (0, 0))
        smaller = [self._add_smaller(*size, side) for side in SMALLER_SIDES] if kind == "photo" else []
        stored = self._describe(kind=kind, name=name, mime_type=mime_type, size=claimed_size or len(content))
        return self._keep(
            replace(stored, width=size[0], height=size[1], smaller=[one for one in smaller if one]), content
        )

    def find(self, file_id: str) -> StoredFile:
        """Raise BotApiError 400 for an id nobody was given."""
        stored = self._files.get(file_id)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return stored

    def find_by_path(self, path: str) -> StoredFile | None:
        return self._by_path.get(path)

    def find_by_id(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def read(self, stored: StoredFile) -> bytes:
        return self._store.read_content(stored.file_id) or b""

    def _describe(self, *, kind: str, name: str, mime_type: str, size: int) -> StoredFile:
        token, number = secrets.token_urlsafe(12), len(self._files)
        suffix = PurePosixPath(name).suffix[:16] or DEFAULT_SUFFIXES[kind]
        return StoredFile(
            file_id=f"SBX{kind[0].upper()}{token}",
            unique_id=f"SB{token[:8]}",
            kind=kind,
            name=name or f"file{suffix}",
            mime_type=mime_type or DEFAULT_TYPES.get(kind) or _guess_type(name),
            size=size,
            path=f"{FOLDERS[kind]}/file_{number}{suffix if suffix.isascii() else ''}",
        )

    def _add_smaller(self, width: int, height: int, side: int) -> JsonObject | None:
        """Keep a stand-in for a thumbnail, or nothing if the photo itself is no larger."""
        if max(width, height) <= side:
            return None
        small_width, small_height = fit_into(width, height, side)
        content = draw_plain_picture(small_width, small_height)
        stored = self._describe(kind="photo", name="", mime_type="image/png", size=len(content))
        stored = self._keep(replace(stored, width=small_width, height=small_height), content)
        media = stored.media()
        return media[-1] if isinstance(media, list) else media

    def _keep(self, stored: StoredFile, content: bytes) -> StoredFile:
        self._store.write_content(stored.file_id, content)
        self._store.put("file", stored.file_id, asdict(stored))
        self._files[stored.file_id] = self._by_path[stored.path] = stored
        return stored


def _guess_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
