"""Archives that documents are packed in. Nothing is unpacked to disk: members are streams, their names only keys."""

from __future__ import annotations

from typing import BinaryIO, cast
from zipfile import ZipFile

from botgateway.extraction.errors import Encrypted, TooHeavy
from botgateway.extraction.kinds import Kind

# A book of a thousand pages with pictures has some 2,000 members.
MAX_MEMBERS = 10_000
# What people write unpacks to a few times the 20 MB that Telegram lets a bot fetch; a bomb to a thousand times.
MAX_UNPACKED_BYTES = 256 * 1024 * 1024
_CHUNK_BYTES = 256 * 1024
_ENCRYPTED_FLAG = 0x1


def open_archive(file: BinaryIO, kind: Kind) -> ZipFile:
    """Open an archive whose table of contents promises bearable sizes; raise BadZipFile, TooHeavy or Encrypted."""
    archive = ZipFile(file)
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise TooHeavy(kind)
    if any(member.flag_bits & _ENCRYPTED_FLAG for member in members):
        raise Encrypted(kind)
    return archive


def open_member(archive: ZipFile, name: str) -> BinaryIO:
    """Open a member for reading: it ends where it has declared to, and raises BadZipFile if that was a lie."""
    return cast("BinaryIO", archive.open(name))


def check_real_sizes(archive: ZipFile) -> None:
    """Read through what a parser that unpacks by itself would read; raise BadZipFile if sizes were lies."""
    for member in archive.infolist():
        if member.filename.endswith((".xml", ".rels", ".bin")):
            with archive.open(member) as stream:
                while stream.read(_CHUNK_BYTES):
                    pass
