"""Messages with every revision, and the chats that hold them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sandbox.entities.rendering import render_html
from sandbox.jsontypes import JsonObject

MEDIA_KINDS = ("document", "voice", "audio", "photo", "video", "video_note")
RULING = frozenset({"creator", "administrator"})
IN_CHAT = RULING | {"member"}
CHAT_RECORD = ("description", "person", "bot_status", "members")


@dataclass(frozen=True, slots=True)
class Revision:
    """What a message said from `at` (Unix seconds) on."""

    at: float
    text: str
    entities: list[JsonObject]
    reply_markup: JsonObject | None

    def view(self) -> JsonObject:
        return {**asdict(self), "html": render_html(self.text, self.entities)}


@dataclass(slots=True)
class Message:
    """A message: `body` is the Message object that bots see; times are Unix seconds with fractions.

    `seq` is the number of its last change, unique over the whole stand-in.
    """

    seq: int
    chat_id: int
    message_id: int
    from_bot: bool
    sent_at: float
    body: JsonObject
    edited_at: float | None = None
    deleted_at: float | None = None
    revisions: list[Revision] = field(default_factory=list)

    @property
    def text(self) -> str:
        return str(self.body.get("text", self.body.get("caption", "")))

    @property
    def entities(self) -> list[JsonObject]:
        found: list[JsonObject] = self.body.get("entities") or self.body.get("caption_entities") or []
        return found

    @property
    def reply_markup(self) -> JsonObject | None:
        return self.body.get("reply_markup")

    def take_revision(self, at: float) -> Revision:
        """Record what the message says now as its newest revision."""
        revision = Revision(at, self.text, self.entities, self.reply_markup)
        self.revisions.append(revision)
        return revision

    def quote(self) -> JsonObject:
        """Give the message as `reply_to_message` carries it: without a reply of its own."""
        own = {"reply_to_message", "quote"}
        return {name: value for name, value in self.body.items() if name not in own}

    def view(self, *, with_revisions: bool = True) -> JsonObject:
        """Show the message to tests and to the page."""
        view: JsonObject = {
            "seq": self.seq,
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "from_bot": self.from_bot,
            "from": self.body.get("from"),
            "sent_at": self.sent_at,
            "edited_at": self.edited_at,
            "edit_count": len(self.revisions) - 1,
            "deleted_at": self.deleted_at,
            "text": self.text,
            "html": render_html(self.text, self.entities),
            "entities": self.entities,
            "reply_markup": self.reply_markup,
            "reply_to_message_id": self.body.get("reply_to_message", {}).get("message_id"),
            "quote": self.body.get("quote", {}).get("text"),
            "media_group_id": self.body.get("media_group_id"),
            "signature": self.body.get("author_signature"),
            "forwarded_from": name_origin(self.body.get("forward_origin")),
            "new_members": [user["first_name"] for user in self.body.get("new_chat_members", [])],
            "attachment": self.attachment(),
        }
        if with_revisions:
            view["revisions"] = [revision.view() for revision in self.revisions]
        return view

    def attachment(self) -> JsonObject | None:
        """Give the file of the message: its kind, file_id, name, MIME type and size in bytes."""
        for kind in MEDIA_KINDS:
            found: Any = self.body.get(kind)
            if found:
                media = found[-1] if isinstance(found, list) else found
                return {"kind": kind, **media}
        return None

    def record(self) -> JsonObject:
        """Give what is stored; revisions are stored one by one."""
        return {
            "seq": self.seq,
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "from_bot": self.from_bot,
            "sent_at": self.sent_at,
            "body": self.body,
            "edited_at": self.edited_at,
            "deleted_at": self.deleted_at,
        }


def name_origin(origin: Any) -> str | None:
    """Name who or what a MessageOrigin (https://core.telegram.org/bots/api#messageorigin) stands for."""
    if not isinstance(origin, dict):
        return None
    for source, name in (("chat", "title"), ("sender_chat", "title"), ("sender_user", "first_name")):
        if isinstance(origin.get(source), dict):
            return str(origin[source].get(name, ""))
    return str(origin.get("sender_user_name", ""))


@dataclass(slots=True)
class Chat:
    """A chat of the bot's: a person's own (`chat_id` > 0), a group or a channel.

    `bot_status` is the bot's ChatMember status, "kicked" in a person's chat meaning blocked; `members` are
    the people of a group or a channel as {user id: {"user", "status"}}, `person` is who acts there if nobody
    is named.
    """

    chat_id: int
    description: JsonObject
    person: JsonObject
    bot_status: str = "member"
    members: dict[str, JsonObject] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def is_private(self) -> bool:
        return self.chat_id >= 0

    @property
    def is_channel(self) -> bool:
        return self.description.get("type") == "channel"

    @property
    def is_group(self) -> bool:
        return not self.is_private and not self.is_channel

    @property
    def is_blocked(self) -> bool:
        return self.bot_status not in IN_CHAT

    def record(self) -> JsonObject:
        return {name: getattr(self, name) for name in CHAT_RECORD}

    @classmethod
    def restore(cls, chat_id: int, record: JsonObject) -> Self:
        """Read what `record` gave, leaving out what only other versions know."""
        return cls(chat_id, **{name: record[name] for name in CHAT_RECORD if name in record})
