"""Look at every service of the installation; say of each whether it is as it should be."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from observability.infrastructure.checks import list_checks, list_unconfigured
from observability.infrastructure.outcomes import keep_outcomes, run_checks

# The longest that a start leaves something to be waited for: Prometheus asks every 15 s, Loki is ready after 15 s,
# beat sends its first sweep after SWEEP_INTERVAL_S.
PATIENCE_S = 45.0
WIDTH = 18


class Command(BaseCommand):
    help = "Check every service of this installation. Run it where the web process runs. Exits with 1 if one fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--patience",
            type=float,
            default=PATIENCE_S,
            metavar="SECONDS",
            help=f"how long a service that fails is asked again (default: {PATIENCE_S:g})",
        )

    def handle(self, *, patience: float, **_: Any) -> None:
        checks = list_checks()
        if patience > 0:
            note = f"Looking at {len(checks)} services; one that fails is asked again for {patience:g} s."
            self.stderr.write(note, str)  # not in the colour of errors
        outcomes = run_checks(checks, patience_s=patience)
        keep_outcomes(outcomes)
        for outcome in outcomes:
            state = "ok" if outcome.is_ok else "FAILED"
            self.stdout.write(f"{state:<7} {outcome.service:<{WIDTH}} {outcome.detail}")
        for name in list_unconfigured():
            self.stdout.write(f"-       {'':<{WIDTH}} {name} is not set: not checked")
        failed = [outcome.service for outcome in outcomes if not outcome.is_ok]
        if failed:
            raise CommandError(f"{len(failed)} of {len(outcomes)} failed: {', '.join(failed)}")
