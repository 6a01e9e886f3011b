"""Which code made something: the project's version, and a checksum of the files that decide what digests say."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DECIDING = (
    "digests/**/*.py",
    "digests/**/*.json",
    "digests/**/*.txt",
    "llm/offline/*.py",
    "templates/prompts/*.txt",
)
CHECKSUM_CHARS = 12


@cache
def code_version() -> str:
    """Return `<version>+<checksum>`: the same for the same files, with or without a repository around them."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    checksum = hashlib.sha256()
    for path in sorted(path for pattern in DECIDING for path in ROOT.glob(pattern)):
        checksum.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{version}+{checksum.hexdigest()[:CHECKSUM_CHARS]}"
