"""«typing…» in a chat, for as long as something is being worked on."""

from __future__ import annotations

from contextlib import AbstractContextManager

from botgateway.delivery.telegram import TelegramClient
from heartbeat import Beat, heartbeat

INTERVAL_S = 4.5  # Telegram shows it for five seconds


def typing_shown(client: TelegramClient, chat_id: int) -> AbstractContextManager[Beat]:
    """Show the sign at once and until the block ends; failing to is no failure."""

    def show_typing() -> None:
        client.show_typing(chat_id)

    return heartbeat.every(INTERVAL_S, show_typing, is_immediate=True)
