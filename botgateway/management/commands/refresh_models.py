"""Ask the providers for their models now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from botgateway.domain.catalogue_notices import tell_admins
from botgateway.tasks import wake_notices
from llm.catalogue import ASK_TIMEOUT_S, refresh_models
from llm.catalogue_refresh import Change, Differences


class Command(BaseCommand):
    help = "Ask every provider for its models, and tell the admins what has changed. Exits with 1 if one has failed."

    def handle(self, **_: Any) -> None:
        notice_chats: list[str] = []
        # Somebody who corrects a key wants to know at once: only a refresh that is under way is left alone.
        differences = refresh_models(
            pause_s=2 * ASK_TIMEOUT_S, tell=lambda found: notice_chats.extend(tell_admins(found))
        )
        self._show(differences)
        wake_notices(notice_chats)
        failed = [known.provider for known in differences.lists.values() if known.is_stale]
        if failed:
            raise CommandError(f"No new list from {', '.join(failed)}: what was known of it stays")

    def _show(self, differences: Differences) -> None:
        asked = {change.provider: change for change in differences.asked}
        for name, known in differences.lists.items():
            change = asked.get(name)
            outcome = _describe(change) if change else f"asked a moment ago, {len(known.models)} models"
            self.stdout.write(f"{name}: {outcome}")
        for named in differences.missing:
            self.stdout.write(f"{named.setting} names {named.choice}, which its provider does not list")


def _describe(change: Change) -> str:
    if change.failure:
        return f"failed ({change.failure}), {change.count} models known"
    if change.is_first:
        return f"{change.count} models, the first list"
    moved = [*(f"+ {name}" for name in change.appeared), *(f"- {name}" for name in change.vanished)]
    return "\n  ".join([f"{change.count} models, {len(moved)} changes", *moved])
