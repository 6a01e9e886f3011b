"""What the two exporting commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digests.errors import DatasetError
from digests.export.exporting import FEWEST_RECORDS
from digests.export.manifest import Manifest, list_differences
from digests.export.selection import Selection
from digests.management.arguments import FAILED, INTERRUPTED, read_count, read_day
from digests.management.progress import Progress

COMPRESS = {"auto": None, "always": True, "never": False}


class ExportCommand(BaseCommand):
    """Exports with `export`, or verifies an export; exits with 1 if there is too little, or something differs."""

    what: str
    export: Callable[..., Manifest]

    def add_arguments(self, parser: CommandParser) -> None:
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument(
            "--out", type=Path, metavar="DIR", help="where to; an earlier export there is replaced"
        )
        target.add_argument("--verify", type=Path, metavar="DIR", help="check an export against its manifest")
        parser.add_argument("--channel", action="append", default=[], metavar="ID", help="may be repeated")
        parser.add_argument("--from", dest="first_day", type=read_day, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="last_day", type=read_day, metavar="YYYY-MM-DD")
        parser.add_argument(
            "--sample", type=read_count, metavar="N", help="N of them at most, drawn by --seed"
        )
        parser.add_argument("--seed", type=int, default=0, metavar="N")
        parser.add_argument(
            "--compress", choices=COMPRESS, default="auto", help="auto: where a file is large"
        )
        parser.add_argument(
            "--fewest",
            type=int,
            default=FEWEST_RECORDS,
            metavar="N",
            help="fewer are an error (default: %(default)s)",
        )

    def handle(self, *, verify: Path | None = None, **options: Any) -> None:
        try:
            if verify is not None:
                self._verify(verify)
            else:
                self._export(**options)
        except DatasetError as error:
            raise CommandError(str(error), returncode=FAILED) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; nothing was exported", returncode=INTERRUPTED) from None

    def _export(self, *, out: Path, compress: str, fewest: int, **options: Any) -> None:
        selection = Selection(
            channels=tuple(options["channel"]),
            first_day=_write_day(options["first_day"]),
            last_day=_write_day(options["last_day"]),
            sample=options["sample"],
            seed=options["seed"],
        )
        progress = Progress(self.stderr, self.what)
        try:
            manifest = self.export(
                out, selection, fewest=fewest, is_compressed=COMPRESS[compress], watch=progress.show
            )
        finally:
            progress.end()
        for file in manifest.files:
            self.stdout.write(
                f"{out / file.name}: {file.records} records, {file.bytes} bytes, SHA-256 {file.sha256}"
            )

    def _verify(self, directory: Path) -> None:
        differences = list(list_differences(directory))
        for difference in differences:
            self.stderr.write(difference)
        if differences:
            raise CommandError(f"{directory} is not as its manifest says", returncode=FAILED)
        self.stdout.write(f"{directory}: as its manifest says")


def _write_day(day: date | None) -> str:
    return day.isoformat() if day else ""
