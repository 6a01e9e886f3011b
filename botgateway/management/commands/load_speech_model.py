"""Fetch and load the speech model, before the first voice note has to wait for it."""

from __future__ import annotations

import resource
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botgateway.speech.errors import SpeechUnavailable
from botgateway.speech.model_files import measure_folder
from botgateway.speech.whisper import build_transcriber

MEGABYTE = 1_000_000
KIBIBYTE = 1_024  # the unit of `ru_maxrss` on Linux


class Command(BaseCommand):
    help = "Fetch the speech model if need be and load it once. Exits with 1 if there is none to be had."

    def handle(self, **_: Any) -> None:
        transcriber = build_transcriber()
        try:
            loaded = transcriber.load()
        except SpeechUnavailable as error:
            raise CommandError(f"No speech model: {error}. See WHISPER_MODEL in docs/speech.md.") from error
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE
        self.stdout.write(
            f"Speech model {transcriber.model} is ready: {loaded.folder}\n"
            f"{measure_folder(loaded.folder) / MEGABYTE:.0f} MB on disk, "
            f"loaded as {transcriber.compute_type} in {loaded.seconds:.1f} s, "
            f"{memory / MEGABYTE:.0f} MB of memory for this process at most"
        )
