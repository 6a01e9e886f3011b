"""Exports for staff: what /export gives a person, of one as JSON, of several in a ZIP archive."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from typing import BinaryIO, cast

from django.http import FileResponse
from django.utils import timezone

from botgateway.domain.export import describe_person
from personalization.admin.files import build_download
from personalization.domain.export import write_export

COPIED_AT_A_TIME = 1_000_000
PREFIX = "butler-export-"


def export_people(user_ids: Sequence[str]) -> FileResponse:
    """Send everything that is known of these people, from the disk: it may be more than fits into memory."""
    on = timezone.localdate().isoformat()
    if len(user_ids) == 1:
        return build_download(_write(user_ids[0]), name=f"{PREFIX}{user_ids[0]}-{on}.json")
    target = _open()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for user_id in user_ids:
            with _write(user_id) as source, archive.open(f"{PREFIX}{user_id}.json", "w") as entry:
                shutil.copyfileobj(source, entry, COPIED_AT_A_TIME)
    target.seek(0)
    return build_download(target, name=f"{PREFIX}{on}.zip")


def _write(user_id: str) -> BinaryIO:
    target = _open()
    write_export(user_id, target, sections={"person": describe_person(user_id)})
    target.seek(0)
    return target


def _open() -> BinaryIO:
    """Open a file that is gone once it is closed; a response closes what it has sent."""
    return cast("BinaryIO", tempfile.TemporaryFile(prefix=PREFIX))
