"""Why a file yielded no text.

ExtractionError        about this one file, and final: the same file fails the same way again; `kind` is what it is
├── UnsupportedKind    nothing here reads this kind: an image, a voice, an archive, a program, unknown bytes
├── Encrypted          a password, or a shop's copy protection, is in the way
├── EmptyFile          no bytes at all
├── NoText             well formed, but without a letter or digit in it: a scanned PDF, an empty table
├── Broken             not what it begins as: cut off, damaged, or made to hurt its reader
└── TooHeavy           needs more memory, time or unpacked bytes than one file may have
ExtractorFailed        about us: the child process did not come up; the file may be fine
"""

from __future__ import annotations

from typing import ClassVar

from botgateway.extraction.kinds import Kind


class ExtractionError(Exception):
    """Root of the tree. `outcome` names the error in the child's answer and in the metrics."""

    outcome: ClassVar[str]

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{self.outcome}: {kind}")
        self.kind = kind


class UnsupportedKind(ExtractionError):
    outcome = "unsupported"


class Encrypted(ExtractionError):
    outcome = "encrypted"


class EmptyFile(ExtractionError):
    outcome = "empty"


class NoText(ExtractionError):
    outcome = "no_text"


class Broken(ExtractionError):
    outcome = "broken"


class TooHeavy(ExtractionError):
    outcome = "too_heavy"


class ExtractorFailed(RuntimeError):
    """The child process ended before it looked at the file; its complaint is on standard error."""


BY_OUTCOME: dict[str, type[ExtractionError]] = {
    error.outcome: error for error in (UnsupportedKind, Encrypted, EmptyFile, NoText, Broken, TooHeavy)
}
