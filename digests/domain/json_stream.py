r"""JSON read piece by piece: a file of any size takes the memory of its largest value.

Telegram Desktop writes control characters in texts as `\x0B`, which is no JSON: they are read all the same
(telegramdesktop/tdesktop, export_output_json.cpp, SerializeString).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

from digests.errors import MalformedExport

CHUNK_CHARS = 1 << 18
MAX_VALUE_CHARS = 1 << 23  # a message has some thousand characters; what takes so many is no message
MAX_SKIPPED_DEPTH = 8
BROKEN_OFF_CHARS = (
    16  # as far from the end the decoder may complain of a value that only goes on in the next chunk
)
UNTERMINATED = "Unterminated string"  # the decoder's words, with the place where the string begins
WHITE_SPACE = re.compile(r"[ \t\r\n]*")
PARTS_OF_NUMBERS = ".eE+-"
NO_ESCAPE = re.compile(r"\\\\|\\x([0-9A-Fa-f]{2})")


class JsonReader:
    """Walks through one JSON text. Whoever iterates reads or skips each value before going on.

    Everything raises `MalformedExport`, which names the line.
    """

    def __init__(self, file: TextIO, *, chunk_chars: int = CHUNK_CHARS) -> None:
        self._file = file
        self._chunk_chars = chunk_chars
        self._decoder = json.JSONDecoder(strict=False)
        self._buffer = ""
        self._at = 0
        self._value_at = 0
        self._line = 1  # of the buffer's first character
        self._is_read = False

    def keys(self) -> Iterator[str]:
        """Yield the keys of an object."""
        self._take("{")
        if self._peek() == "}":
            self._take("}")
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise self.fault("a name is expected")
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def elements(self) -> Iterator[None]:
        """Stop before each element of an array."""
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        while True:
            yield
            if self._take(",]") == "]":
                return

    def value(self) -> Any:
        """Return a whole value."""
        self._peek()
        while True:
            self._value_at = self._at
            try:
                found, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                chars_on = error.pos - self._at
                if not (self._may_go_on(error) and self._read_on()) and not self._mend():
                    self._value_at = self._at + chars_on
                    raise self.fault(f"no JSON ({error.msg})") from error
            except (RecursionError, ValueError) as error:  # a number of thousands of digits is the other one
                raise self.fault("a value that no export has") from error
            else:
                if self._is_whole(found, end) or not self._read_on():
                    self._at = end
                    return found

    def skip(self, depth: int = 0) -> None:
        """Go past a value, however large, without keeping it."""
        opened = self._peek()
        if depth >= MAX_SKIPPED_DEPTH or opened not in ("{", "["):
            self.value()
            return
        for _ in self.keys() if opened == "{" else self.elements():
            self.skip(depth + 1)

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self._peek():
            raise self.fault("something follows the end")

    def fault(self, words: str) -> MalformedExport:
        """Return the error that says `words` of the value read last."""
        line = self._line + self._buffer.count("\n", 0, self._value_at)
        return MalformedExport(f"line {line}: {words}")

    def _take(self, expected: str) -> str:
        found = self._peek()
        if not found or found not in expected:
            wanted = " or ".join(expected)
            raise self.fault(
                f"{wanted} is expected, not {found}" if found else f"ends where {wanted} is expected"
            )
        self._at += 1
        return found

    def _peek(self) -> str:
        """Return the next character that is no white space; empty at the end."""
        while True:
            match = WHITE_SPACE.match(self._buffer, self._at)
            self._at = self._value_at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_on():
                return ""

    def _is_whole(self, found: object, end: int) -> bool:
        """Tell whether a value ends there: of a number a part makes a number too."""
        if end == len(self._buffer):
            return False
        return not isinstance(found, int | float) or self._buffer[end] not in PARTS_OF_NUMBERS

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith(UNTERMINATED) or error.pos >= len(self._buffer) - BROKEN_OFF_CHARS

    def _read_on(self) -> bool:
        """Let go of what was read and add as much again as is left, so that a long value is not tried too often."""
        if self._is_read:
            return False
        kept = self._buffer[self._at :]
        if len(kept) > MAX_VALUE_CHARS:
            raise self.fault(f"a value of more than {MAX_VALUE_CHARS} characters")
        try:
            more = self._file.read(max(self._chunk_chars, len(kept)))
        except UnicodeDecodeError as error:
            self._value_at = len(self._buffer)
            raise self.fault("no UTF-8 from here on") from error
        self._line += self._buffer.count("\n", 0, self._at)
        self._buffer, self._at, self._value_at = kept + more, 0, 0
        self._is_read = not more
        return bool(more)

    def _mend(self) -> bool:
        """Write what Telegram Desktop escapes in its own way as JSON does; return whether there was any."""
        kept = self._buffer[self._at :]
        mended = NO_ESCAPE.sub(lambda found: f"\\u00{found[1]}" if found[1] else found[0], kept)
        self._line += self._buffer.count("\n", 0, self._at)
        self._buffer, self._at, self._value_at = mended, 0, 0
        return mended != kept
