"""The manifest of an export: which files, what is in them, how they came about, and whether they still are so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digests.code_version import code_version
from digests.errors import DatasetError
from digests.export.jsonl import WrittenFile, hash_content, hash_file, read_records
from digests.export.schema import check_record, hash_schema
from digests.export.selection import Selection

MANIFEST = "manifest.json"
FORMAT = "butler-export.v1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`kind` is `digests` or `review_reports`."""

    kind: str
    seed: int
    selection: dict[str, Any]
    code_version: str
    files: tuple[WrittenFile, ...]

    @property
    def records(self) -> int:
        """How many were exported; timings are of the same."""
        return self.files[0].records

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kind": self.kind,
            "seed": self.seed,
            "selection": self.selection,
            "code_version": self.code_version,
            "records": self.records,
            "files": [file.as_json() for file in self.files],
            "schemas": {file.schema: hash_schema(file.schema) for file in self.files},
        }


def describe_export(kind: str, selection: Selection, files: tuple[WrittenFile, ...]) -> Manifest:
    return Manifest(kind, selection.seed, selection.as_json(), code_version(), files)


def write_manifest(manifest: Manifest, directory: Path) -> None:
    text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=2, sort_keys=True)
    (directory / MANIFEST).write_text(f"{text}\n", encoding="utf-8")


def read_manifest(directory: Path) -> Manifest:
    """Raises `DatasetError` if there is none, or none that can be read."""
    path = directory / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise DatasetError(f"{path}: format {found['format']!r}, not {FORMAT!r}")
        files = tuple(WrittenFile(**file) for file in found["files"])
        if not files or any(Path(file.name).name != file.name for file in files):
            raise DatasetError(f"{path}: names no files of this directory")
        return Manifest(found["kind"], found["seed"], found["selection"], found["code_version"], files)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: there is no manifest") from error
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DatasetError(f"{path}: no manifest of an export") from error


def list_differences(directory: Path) -> Iterator[str]:
    """Yield in what a directory is not what its manifest says; nothing if all is well.

    Raises `DatasetError` if there is no manifest to go by.
    """
    manifest = read_manifest(directory)
    known = {MANIFEST, *(file.name for file in manifest.files)}
    for path in sorted(directory.iterdir()):
        if path.name not in known:
            yield f"{path.name}: not in the manifest"
    for file in manifest.files:
        yield from _compare(file, directory / file.name)


def _compare(file: WrittenFile, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"{file.name}: missing"
        return
    if path.stat().st_size != file.bytes:
        yield f"{file.name}: {path.stat().st_size} bytes, not {file.bytes}"
    if hash_file(path) != file.sha256:
        yield f"{file.name}: its SHA-256 is another"
        return
    try:
        if hash_content(path) != file.content_sha256:
            yield f"{file.name}: the SHA-256 of its lines is another"
        yield from _check_lines(file, path)
    except DatasetError as error:
        yield str(error)


def _check_lines(file: WrittenFile, path: Path) -> Iterator[str]:
    """Yield what is wrong with the records, which may be so although every byte is as it was written."""
    records = 0
    for record in read_records(path):
        check_record(record, schema=file.schema)
        records += 1
    if records != file.records:
        yield f"{file.name}: {records} records, not {file.records}"
