"""Records in a file: one JSON object a line, the same bytes for the same records."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self, cast

from digests.errors import DatasetError
from digests.export.records import Record
from digests.export.schema import check_record

COMPRESS_OVER_BYTES = 5_000_000
COMPRESSION_LEVEL = 6
COPIED_AT_A_TIME = 1_000_000


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """`sha256` and `bytes` are the file's as it lies there, `content_sha256` that of its lines uncompressed."""

    name: str
    schema: str
    records: int
    bytes: int
    sha256: str
    content_sha256: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class RecordFile:
    """A file to be: `<stem>.jsonl`, or `<stem>.jsonl.gz`. Takes no more memory the more records there are."""

    def __init__(self, directory: Path, *, stem: str, schema: str) -> None:
        self._path = directory / f"{stem}.jsonl"
        self._schema = schema
        self._records = 0
        self._content = hashlib.sha256()
        self._target = self._path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._target.close()

    def add(self, record: Record) -> None:
        """Write a record. Raises `DatasetError` for one that is not what its schema says."""
        check_record(record, schema=self._schema)
        line = as_line(record)
        self._content.update(line)
        self._target.write(line)
        self._records += 1

    def finish(self, *, is_compressed: bool | None = None) -> WrittenFile:
        """Close the file, compress it if `is_compressed` or, with None, where it is large, and describe it."""
        self._target.close()
        if is_compressed is None:
            is_compressed = self._path.stat().st_size > COMPRESS_OVER_BYTES
        path = _compress(self._path) if is_compressed else self._path
        size, checksum = path.stat().st_size, hash_file(path)
        return WrittenFile(path.name, self._schema, self._records, size, checksum, self._content.hexdigest())


def read_records(path: Path) -> Iterator[Record]:
    """Yield a file's records. Raises `DatasetError` naming the line that is none."""
    with _open(path) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{path.name}, line {number}: not JSON") from error
            if not isinstance(record, dict):
                raise DatasetError(f"{path.name}, line {number}: not an object")
            yield record


def as_line(record: Record) -> bytes:
    """Return a record's bytes: keys sorted, no spaces, UTF-8 as it is."""
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def hash_file(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def hash_content(path: Path) -> str:
    """Return the SHA-256 of a file's lines uncompressed. Raises `DatasetError` for a broken archive."""
    checksum = hashlib.sha256()
    try:
        with _open(path) as source:
            while block := source.read(COPIED_AT_A_TIME):
                checksum.update(block)
    except (OSError, EOFError) as error:
        raise DatasetError(f"{path.name}: cannot be unpacked") from error
    return checksum.hexdigest()


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _compress(plain: Path) -> Path:
    """Replace a file by its archive, which holds neither a name nor a time: the same bytes each time."""
    packed = plain.with_name(f"{plain.name}.gz")
    with (
        plain.open("rb") as source,
        packed.open("wb") as raw,
        gzip.GzipFile(
            filename="", fileobj=raw, mode="wb", compresslevel=COMPRESSION_LEVEL, mtime=0
        ) as target,
    ):
        shutil.copyfileobj(source, target, COPIED_AT_A_TIME)
    plain.unlink()
    return packed
