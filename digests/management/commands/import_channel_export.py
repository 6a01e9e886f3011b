"""Import the posts of a channel from what Telegram Desktop exports."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from digests.domain.channels import note_import, switch_on, to_bot_api_id
from digests.domain.importing import ImportTally, import_posts
from digests.domain.posts import StoreOutcome
from digests.domain.telegram_export import ExportedChat, read_chats
from digests.enums import ChannelState
from digests.errors import MalformedExport
from digests.management.arguments import FAILED, INTERRUPTED, USAGE
from digests.management.progress import Progress

KIB = 1_024
SWITCHED_BY = "command:import_channel_export"


class Command(BaseCommand):
    help = (
        "Import a channel's posts from the result.json of Telegram Desktop. Exits with 1 if the file is no export or "
        "the database fails, with 2 for a call that makes no sense."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="result.json")
        parser.add_argument(
            "--channel", type=_read_id, metavar="ID", help="of a whole account's export the channel to import"
        )
        parser.add_argument(
            "--switch-on", action="store_true", help="have the channel read; a new one is off otherwise"
        )

    def handle(self, *, file: Path, channel: str | None = None, switch_on: bool = False, **_: Any) -> None:
        self._tally = ImportTally()
        self._is_switched_on = switch_on
        try:
            with file.open("rb") as binary:
                progress = Progress(self.stderr, "KiB read", total=-(-file.stat().st_size // KIB))
                try:
                    text = io.TextIOWrapper(binary, encoding="utf-8-sig")
                    self._import(text, channel, watch=lambda: progress.show(binary.tell() // KIB))
                finally:
                    progress.end()
        except MalformedExport as error:
            raise self._failure(f"{file} is no export of Telegram Desktop: {error}") from None
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}", returncode=USAGE) from None
        except (DatabaseError, PyMongoError) as error:
            raise self._failure(f"The database failed: {type(error).__name__}") from None
        except KeyboardInterrupt:
            raise self._failure("Interrupted", returncode=INTERRUPTED) from None

    def _import(self, file: io.TextIOWrapper, wanted: str | None, *, watch: Callable[[], None]) -> None:
        passed: list[ExportedChat] = []
        is_found = False
        for chat in read_chats(file, zone=settings.TIME_ZONE):
            if chat.is_channel and (chat.channel_id == wanted or (chat.is_alone and wanted is None)):
                self._import_chat(chat, watch)
                is_found = True
            else:
                passed.append(chat)
        if not is_found:
            raise _explain(passed, wanted)

    def _import_chat(self, chat: ExportedChat, watch: Callable[[], None]) -> None:
        channel = note_import(chat.channel_id, title=chat.title)
        import_posts(chat.read_posts(), self._tally, watch=watch)
        if self._is_switched_on:
            channel = switch_on(chat.channel_id, by=SWITCHED_BY).channel
        self.stdout.write(f"{chat.channel_id}: {self._describe()}; the channel is {channel.state}")
        if self._is_switched_on and channel.state == ChannelState.LEFT:
            self.stdout.write("It has thrown the bot out, and cannot be switched on until the bot is back")

    def _failure(self, words: str, *, returncode: int = FAILED) -> CommandError:
        tally = self._tally
        is_nothing = not (tally.posts or tally.no_posts or tally.expired)
        done = "nothing was imported" if is_nothing else f"until then: {self._describe()}"
        return CommandError(f"{words}; {done}", returncode=returncode)

    def _describe(self) -> str:
        tally = self._tally
        counts = [f"{tally.outcomes[outcome]} {outcome}" for outcome in StoreOutcome if outcome in REPORTED]
        return ", ".join([*counts, f"{tally.no_posts} no posts", f"{tally.expired} too old to keep"])


REPORTED = (StoreOutcome.STORED, StoreOutcome.EDITED, StoreOutcome.UNCHANGED, StoreOutcome.OUTDATED)


def _explain(passed: list[ExportedChat], wanted: str | None) -> CommandError:
    """Return why nothing was imported of a file that is in order."""
    channels = [f"{chat.channel_id} ({chat.title})" for chat in passed if chat.is_channel]
    if channels:
        reason = f"no channel {wanted}" if wanted else "a whole account: name one of them with --channel"
        return CommandError(f"The file holds {reason}. Its channels: {', '.join(channels)}", returncode=USAGE)
    kinds = ", ".join(sorted({chat.kind or "?" for chat in passed})) or "nothing"
    return CommandError(f"The file holds no channel, but {kinds}; nothing was imported", returncode=FAILED)


def _read_id(text: str) -> str:
    try:
        return to_bot_api_id(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a channel") from None
