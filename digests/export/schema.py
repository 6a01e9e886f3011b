"""The JSON Schemas of exported records (draft 2020-12), one file for each version."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digests.errors import DatasetError

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

SCHEMAS_DIR = Path(__file__).with_name("schemas")


def read_schema(name: str) -> dict[str, Any]:
    """Return a schema by the name that its records carry. Raises `DatasetError` for one that there is not."""
    path = SCHEMAS_DIR / f"{name}.schema.json"
    if not path.is_file():
        raise DatasetError(f"no schema {name!r}")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def hash_schema(name: str) -> str:
    """Return the SHA-256 of a schema, whatever its file's line breaks."""
    return hashlib.sha256(json.dumps(read_schema(name), sort_keys=True).encode()).hexdigest()


def check_record(record: dict[str, Any], *, schema: str) -> None:
    """Raises `DatasetError` that names the record and the place where it is not what the schema says."""
    error = next(iter(_validator(schema).iter_errors(record)), None)
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the record"
        name = record.get("digest_id") or record.get("report_id")
        raise DatasetError(f"{schema} {name}: {place}: {error.message[:200]}")


@cache
def _validator(name: str) -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # only exports and reviews pay for it

    schema = read_schema(name)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
