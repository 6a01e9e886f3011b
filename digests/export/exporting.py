"""An export: records, their timings and a manifest in a directory, which is there whole or not at all.

    digests.jsonl           what digests say: byte-identical for the same posts, model, code and seed
    digests.timings.jsonl   what was measured when they were written: different each time they are
    manifest.json           checksums of both

Nothing tells when the export itself was made, so exporting the same database again makes the same bytes.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tracing
from digests import metrics
from digests.errors import DatasetError
from digests.export import records
from digests.export.jsonl import RecordFile, WrittenFile
from digests.export.manifest import MANIFEST, Manifest, describe_export, write_manifest
from digests.export.records import Record
from digests.export.selection import Selection, list_digests, list_reports

DIGESTS, REVIEW_REPORTS = "digests", "review_reports"
FEWEST_RECORDS = 50  # SPEC D-03: fewer say little of a model

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """A record of an export, and what was measured of it."""

    record: Record
    timing: Record


def export_digests(
    directory: Path,
    selection: Selection,
    *,
    fewest: int = FEWEST_RECORDS,
    is_compressed: bool | None = None,
    watch: Watch = lambda done: None,
) -> Manifest:
    """Export written digests into a directory that does not exist yet, or is empty.

    `watch` is told how many records there are so far. Raises `DatasetError` if there are fewer than `fewest`, a record
    is not what its schema says, or the directory is in use; then nothing is left behind.
    """
    found = (
        Exported(records.build_digest_record(digest, channel), records.build_digest_timing(digest))
        for digest, channel in list_digests(selection)
    )
    schemas = (records.DIGEST, records.DIGEST_TIMING)
    return _export(
        found, DIGESTS, schemas, directory, selection, fewest=fewest, is_compressed=is_compressed, watch=watch
    )


def export_review_reports(
    directory: Path,
    selection: Selection,
    *,
    fewest: int = FEWEST_RECORDS,
    is_compressed: bool | None = None,
    watch: Watch = lambda done: None,
) -> Manifest:
    """Export review reports, as `export_digests` does digests."""
    found = (
        Exported(records.build_review_record(report), records.build_review_timing(report))
        for report in list_reports(selection)
    )
    schemas = (records.REVIEW_REPORT, records.REVIEW_TIMING)
    return _export(
        found,
        REVIEW_REPORTS,
        schemas,
        directory,
        selection,
        fewest=fewest,
        is_compressed=is_compressed,
        watch=watch,
    )


def _export(
    found: Iterator[Exported],
    kind: str,
    schemas: tuple[str, str],
    directory: Path,
    selection: Selection,
    *,
    fewest: int,
    is_compressed: bool | None,
    watch: Watch,
) -> Manifest:
    _ensure_free(directory)
    started = time.monotonic()
    directory.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        with tracing.span("export dataset", kind=kind):
            files = _write_files(_watched(found, watch), kind, schemas, building, is_compressed=is_compressed)
            manifest = describe_export(kind, selection, files)
            if manifest.records < fewest:
                raise DatasetError(
                    f"{manifest.records} {kind.replace('_', ' ')}; at least {fewest} are wanted"
                )
            write_manifest(manifest, building)
            tracing.note(records=manifest.records)
        building.chmod(0o755)
        _move(building, directory)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    metrics.EXPORT_SECONDS.labels(kind).observe(time.monotonic() - started)
    return manifest


def _ensure_free(directory: Path) -> None:
    """Refuse to write where something else lies; an earlier export is replaced."""
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / MANIFEST).is_file()):
        raise DatasetError(f"{directory} is in use and holds no export")


def _write_files(
    found: Iterator[Exported],
    kind: str,
    schemas: tuple[str, str],
    directory: Path,
    *,
    is_compressed: bool | None,
) -> tuple[WrittenFile, ...]:
    with (
        RecordFile(directory, stem=kind, schema=schemas[0]) as said,
        RecordFile(directory, stem=f"{kind}.timings", schema=schemas[1]) as measured,
    ):
        for exported in found:
            said.add(exported.record)
            measured.add(exported.timing)
        return said.finish(is_compressed=is_compressed), measured.finish(is_compressed=is_compressed)


def _watched(found: Iterator[Exported], watch: Watch) -> Iterator[Exported]:
    for done, exported in enumerate(found, start=1):
        watch(done)
        yield exported


def _move(building: Path, directory: Path) -> None:
    """Put a finished export in its place; an earlier one goes when the new one is there."""
    earlier = building.with_name(f"{building.name}.earlier")
    if directory.exists():
        directory.rename(earlier)
    building.rename(directory)
    shutil.rmtree(earlier, ignore_errors=True)
