"""The metadata of a GGUF file, where a vocabulary stands; its tensors are not read.

Source: "GGUF", docs/gguf.md of the ggml repository, version 3 of the format.
"""

from __future__ import annotations

import struct
from typing import Any

MAGIC = b"GGUF"
HEADER = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of entries
NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
STRING, ARRAY = 8, 9


def read_metadata(content: bytes) -> dict[str, Any]:
    """Return the entries by their keys. Raises `ValueError` for what is no GGUF file."""
    magic, _, _, entries = HEADER.unpack_from(content)
    if magic != MAGIC:
        raise ValueError("not a GGUF file")
    reader = _Reader(content, HEADER.size)
    return {reader.read_string(): reader.read_value(reader.read_number("<I")) for _ in range(entries)}


class _Reader:
    def __init__(self, content: bytes, place: int) -> None:
        self._content = content
        self._place = place

    def read_value(self, kind: int) -> Any:
        if kind == STRING:
            return self.read_string()
        if kind == ARRAY:
            of_kind, length = self.read_number("<I"), self.read_number("<Q")
            return [self.read_value(of_kind) for _ in range(length)]
        return self.read_number(NUMBERS[kind])

    def read_string(self) -> str:
        end = self.read_number("<Q") + self._place
        text = self._content[self._place : end].decode()
        self._place = end
        return text

    def read_number(self, form: str) -> Any:
        (number,) = struct.unpack_from(form, self._content, self._place)
        self._place += struct.calcsize(form)
        return number
