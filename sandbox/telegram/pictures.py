"""Sizes of pictures, and plain small ones: the stand-in does not decode pictures."""

from __future__ import annotations

import struct
import zlib

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY = 0xB4
JPEG_MARKER = 0xFF
# Frame headers of JPEG; 0xC4, 0xC8 and 0xCC are tables (ITU-T T.81, table B.1).
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WEBP_EXTENDED, WEBP_LOSSLESS, WEBP_LOSSY = b"VP8X", b"VP8L", b"VP8 "


def measure_picture(content: bytes) -> tuple[int, int] | None:
    """Read width and height in pixels from the header of a PNG, JPEG, GIF or WebP file."""
    try:
        return _measure(content)
    except (struct.error, IndexError):
        return None


def draw_plain_picture(width: int, height: int) -> bytes:
    """Draw a grey PNG."""
    rows = (b"\0" + bytes([GREY]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def fit_into(width: int, height: int, side: int) -> tuple[int, int]:
    """Scale down to at most `side` pixels each way."""
    longest = max(width, height)
    return max(1, width * side // longest), max(1, height * side // longest)


def _measure(content: bytes) -> tuple[int, int] | None:
    if content.startswith(PNG_SIGNATURE):
        return _known(struct.unpack_from(">II", content, 16))
    if content.startswith((b"GIF87a", b"GIF89a")):
        return _known(struct.unpack_from("<HH", content, 6))
    if content.startswith(b"\xff\xd8"):
        return _measure_jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _measure_webp(content)
    return None


def _measure_jpeg(content: bytes) -> tuple[int, int] | None:
    position = 2
    while content[position] == JPEG_MARKER:
        marker, length = struct.unpack_from(">BH", content, position + 1)
        if marker in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return _known((width, height))
        position += 2 + length
    return None


def _measure_webp(content: bytes) -> tuple[int, int] | None:
    kind = content[12:16]
    if kind == WEBP_EXTENDED:
        return _read_extended_size(content, 24)
    if kind == WEBP_LOSSY:
        width, height = struct.unpack_from("<HH", content, 26)
        return _known((width & 0x3FFF, height & 0x3FFF))
    if kind == WEBP_LOSSLESS:
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _read_extended_size(content: bytes, position: int) -> tuple[int, int]:
    width, height = content[position : position + 3], content[position + 3 : position + 6]
    return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1


def _known(size: tuple[int, ...]) -> tuple[int, int] | None:
    return (size[0], size[1]) if all(size) else None
