"""Read multipart/form-data as leniently as Telegram does.

pyTelegramBotAPI writes file names outside ASCII without quotes (`filename=имя.txt`), which aiohttp's own
reader refuses and Telegram takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
NAME = re.compile(r'(?<![\w*])name\s*=\s*(?:"([^"]*)"|([^;\r\n]*))', re.IGNORECASE)
FILE_NAME = re.compile(r'filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;\r\n]*))', re.IGNORECASE)
EXTENDED_FILE_NAME = re.compile(r"filename\*\s*=\s*utf-8''([^;\r\n]*)", re.IGNORECASE)
CONTENT_TYPE = re.compile(r"^content-type\s*:\s*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form; `file_name` is None for a plain value."""

    name: str
    file_name: str | None
    mime_type: str
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Form:
    values: dict[str, str]
    files: dict[str, Part]


async def read_form(request: web.Request) -> Form:
    """Read a multipart or urlencoded form; raises HTTPRequestEntityTooLarge for a body over the limit."""
    if request.content_type != "multipart/form-data":
        return Form({name: str(value) for name, value in (await request.post()).items()}, {})
    boundary = BOUNDARY.search(request.headers.get("Content-Type", ""))
    body = await request.read()
    parts = list(split_parts(body, boundary.group(1).encode())) if boundary is not None else []
    return Form(
        {part.name: part.text for part in parts if part.file_name is None},
        {part.name: part for part in parts if part.file_name is not None},
    )


def split_parts(body: bytes, boundary: bytes) -> Iterator[Part]:
    """Split a body into its parts; what has no name is skipped."""
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if piece.startswith(b"--"):
            return
        head, separator, content = piece.partition(b"\r\n\r\n")
        headers = head.decode(errors="replace")
        name = NAME.search(headers)
        if separator and name is not None:
            mime_type = CONTENT_TYPE.search(headers)
            yield Part(
                name=name.group(1) if name.group(1) is not None else name.group(2).strip(),
                file_name=_read_file_name(headers),
                mime_type=mime_type.group(1).strip() if mime_type is not None else "",
                content=content,
            )


def _read_file_name(headers: str) -> str | None:
    extended = EXTENDED_FILE_NAME.search(headers)
    if extended is not None:
        return unquote(extended.group(1).strip())
    plain = FILE_NAME.search(headers)
    if plain is None:
        return None
    quoted, bare = plain.groups()
    name = bare.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return name.replace("%22", '"').replace("\\", "/").rpartition("/")[2]
