"""The name that a sender gave a file, made fit to be shown and stored. No path is ever built from it."""

from __future__ import annotations

import re
from unicodedata import category, normalize

MAX_NAME_CHARS = 255  # what common file systems and the record's field hold
_MAX_READ_CHARS = 1024  # composing letters takes quadratic time where accents are piled up
_MAX_SUFFIX_CHARS = 16
_NEUTRAL_STEM = "file"
# Controls, marks that reorder letters (a program that reads as «…exe.pdf»), halves of letters, unassigned, line ends.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORBIDDEN = re.compile('[<>:"|?*]')  # Windows would refuse to save the file under such a name
_SUFFIX = re.compile(r"\.\w+", re.ASCII)


def safe_name(name: str) -> str:
    """Return what may be shown and stored of `name`: its last part, visible letters only, never empty."""
    blanks_kept = "".join(" " if char.isspace() else char for char in name[-_MAX_READ_CHARS:])
    visible = "".join(char for char in blanks_kept if category(char) not in _INVISIBLE)
    last_part = normalize("NFC", visible).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    plain = " ".join(_FORBIDDEN.sub("_", last_part).split())
    suffix = _read_suffix(plain)
    stem = plain.removesuffix(suffix).strip(". ") or _NEUTRAL_STEM
    return stem[: MAX_NAME_CHARS - len(suffix)].rstrip(". ") + suffix


def _read_suffix(name: str) -> str:
    dot = name.rfind(".")
    suffix = name[dot:] if dot >= 0 else ""
    is_extension = _SUFFIX.fullmatch(suffix) and len(suffix) <= _MAX_SUFFIX_CHARS
    return suffix if is_extension else ""
