"""Everything the stand-in holds, in one place."""

from __future__ import annotations

from sandbox.calls import CallLog
from sandbox.events import EventHub
from sandbox.faults import FaultBoard
from sandbox.jsontypes import JsonObject
from sandbox.limits import Limiter, LimitSettings
from sandbox.options import Options
from sandbox.store import Store
from sandbox.telegram.callbacks import CallbackDesk
from sandbox.telegram.chatbook import ChatBook
from sandbox.telegram.commands import CommandMenu
from sandbox.telegram.files import FileShelf
from sandbox.telegram.messages import Message
from sandbox.telegram.updates import UpdateQueue
from sandbox.webhook import Webhook

DEFAULT_BOT_ID = 7_000_000_001
BOT_USERNAME = "butler_sandbox_bot"
BOT_NAME = "Butler"


class World:
    """State and services; `chats`, `updates`, `files`, `menu`, `callbacks` and `webhook` are durable."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store(options.data_dir)
        self.chats = ChatBook(self.store)
        self.updates = UpdateQueue(self.store)
        self.files = FileShelf(self.store)
        self.menu = CommandMenu(self.store)
        self.callbacks = CallbackDesk(self.store)
        self.webhook = Webhook(self.store, self.updates)
        self.events = EventHub()
        self.faults = FaultBoard()
        self.calls = CallLog()
        self.limiter = Limiter(LimitSettings(enabled=options.has_limits))
        self.is_closing = False
        self.poll_turn = object()  # identifies the getUpdates call that is allowed to wait
        self.bot = describe_bot(options.token)

    def publish_message(self, kind: str, message: Message) -> None:
        self.events.publish(kind, message.chat_id, lambda: {"message": message.view(with_revisions=False)})


def describe_bot(token: str) -> JsonObject:
    """Build the bot's User object; the number before the token's colon is its id, as at Telegram."""
    prefix = token.partition(":")[0]
    bot_id = int(prefix) if prefix.isdecimal() else DEFAULT_BOT_ID
    return {"id": bot_id, "is_bot": True, "first_name": BOT_NAME, "username": BOT_USERNAME}
