"""Export review reports to JSON Lines, with a manifest of checksums."""

from __future__ import annotations

from digests.export.exporting import export_review_reports
from digests.management.exporting import ExportCommand


class Command(ExportCommand):
    help = "Export review reports to JSON Lines, with a manifest of checksums. Exits with 1 if there are too few."
    what = "review reports exported"
    export = staticmethod(export_review_reports)
