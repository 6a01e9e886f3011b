"""Files that people and the bot have sent."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.store import Store

MEBIBYTE = 1 << 20
MAX_DOWNLOAD_BYTES = 20 * MEBIBYTE  # https://core.telegram.org/bots/api#getfile
MAX_UPLOAD_BYTES = 50 * MEBIBYTE  # https://core.telegram.org/bots/api#sending-files
FOLDERS = {"document": "documents", "voice": "voice", "audio": "music", "photo": "photos"}
DEFAULT_SUFFIXES = {"document": "", "voice": ".oga", "audio": ".mp3", "photo": ".jpg"}
DEFAULT_TYPES = {"voice": "audio/ogg", "audio": "audio/mpeg", "photo": "image/jpeg"}
DEFAULT_PHOTO_SIDE = 800  # pixels; the stand-in does not decode pictures


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's record; `size` in bytes, `path` as getFile gives it."""

    file_id: str
    unique_id: str
    kind: str
    name: str
    mime_type: str
    size: int
    path: str

    def media(self, *, duration_s: int = 1) -> JsonObject | list[JsonObject]:
        """Build the Document, Voice, Audio or PhotoSize list of a Message."""
        base = {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": self.size}
        if self.kind == "photo":
            return [{**base, "width": DEFAULT_PHOTO_SIDE, "height": DEFAULT_PHOTO_SIDE}]
        if self.kind == "voice":
            return {**base, "duration": duration_s, "mime_type": self.mime_type}
        named = {**base, "file_name": self.name, "mime_type": self.mime_type}
        return {**named, "duration": duration_s} if self.kind == "audio" else named


class FileShelf:
    """Keep files by file id; contents live in the store, only records in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = {key: StoredFile(**body) for key, body in store.load("file")}
        self._by_path = {stored.path: stored for stored in self._files.values()}

    def add(self, *, kind: str, name: str, mime_type: str, content: bytes) -> StoredFile:
        token, number = secrets.token_urlsafe(12), len(self._files)
        suffix = PurePosixPath(name).suffix[:16] or DEFAULT_SUFFIXES[kind]
        stored = StoredFile(
            file_id=f"SBX{kind[0].upper()}{token}",
            unique_id=f"SB{token[:8]}",
            kind=kind,
            name=name or f"file{suffix}",
            mime_type=mime_type or DEFAULT_TYPES.get(kind) or _guess_type(name),
            size=len(content),
            path=f"{FOLDERS[kind]}/file_{number}{suffix if suffix.isascii() else ''}",
        )
        self._store.write_content(stored.file_id, content)
        self._store.put("file", stored.file_id, asdict(stored))
        self._files[stored.file_id] = self._by_path[stored.path] = stored
        return stored

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


def _guess_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
