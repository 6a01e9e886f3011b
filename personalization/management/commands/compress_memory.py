"""Compress one person's memory now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from llm.catalogue import find_route
from llm.chain import configured_chain
from personalization.domain.compression import Status, compress_memory


class Command(BaseCommand):
    help = "Compress the memory of one person if it has passed MEMORY_CAP."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, metavar="USER_ID")
        parser.add_argument(
            "--extractive", action="store_true", help="when the model gives no answer, summarise without it"
        )

    def handle(self, *, user: str, extractive: bool, **_: Any) -> None:
        """Exit with 1 when the memory is over its cap and stays so."""
        outcome = compress_memory(
            user, chain=configured_chain(find_route("")), is_extractive_allowed=extractive
        )
        if outcome.status in (Status.UNAVAILABLE, Status.REJECTED):
            raise CommandError(f"{user}: {outcome.status}; nothing was deleted")
        self.stdout.write(
            f"{user}: {outcome.status}, {outcome.summarised} summarised, {outcome.deleted} deleted"
        )
