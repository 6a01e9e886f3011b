"""Export written digests to JSON Lines, with a manifest of checksums."""

from __future__ import annotations

from digests.export.exporting import export_digests
from digests.management.exporting import ExportCommand


class Command(ExportCommand):
    help = "Export written digests to JSON Lines, with a manifest of checksums. Exits with 1 if there are too few."
    what = "digests exported"
    export = staticmethod(export_digests)
