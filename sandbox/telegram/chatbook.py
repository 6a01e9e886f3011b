"""All chats and messages, kept in memory and noted in the store."""

from __future__ import annotations

import time

from sandbox.entities.formatting import FormattedText
from sandbox.jsontypes import JsonObject
from sandbox.store import Store
from sandbox.telegram.messages import Chat, Message, Revision

# Supergroups count their own messages; all other chats share one counter of the bot's account.
# https://core.telegram.org/bots/api#message
ACCOUNT_COUNTER = "account"
SEQUENCE_COUNTER = "sequence"


class ChatBook:
    """Create, change and find messages; every change gets the next sequence number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counters: dict[str, int] = {}
        self.chats: dict[int, Chat] = {}
        self._load()

    @property
    def last_seq(self) -> int:
        return self._counters.get(SEQUENCE_COUNTER, 0)

    def meet(self, chat_id: int, *, person: JsonObject | None, description: JsonObject | None) -> Chat:
        """Find or create the chat, taking over what is newly known of the person."""
        chat = self.chats.get(chat_id)
        known = chat.person if chat is not None else default_person(chat_id)
        who = {**known, **person} if person and person.get("id", known["id"]) == known["id"] else known
        if chat is None:
            # A chat that is met without having been made is one the bot already hears.
            is_channel = (description or {}).get("type") == "channel"
            status = "administrator" if is_channel else "member"
            chat = Chat(chat_id, describe_chat(chat_id, who), who, bot_status=status)
            self.chats[chat_id] = chat
            self._store.put("chat", chat_id, chat.record())
        kept = chat.description if chat_id < 0 else describe_chat(chat_id, who)
        described = {**kept, **(description or {})}
        if chat.person != who or (described != chat.description and (person or description)):
            chat.person, chat.description = who, described
            self._store.put("chat", chat_id, chat.record())
        return chat

    def create_channel(self, chat_id: int, *, title: str, username: str | None, owner: JsonObject) -> Chat:
        """Make a channel without the bot; without a `username` it is a private one."""
        named = {"username": username} if username else {}
        chat = Chat(chat_id, {"id": chat_id, "type": "channel", "title": title, **named}, owner, "left")
        self.chats[chat_id] = chat
        self.set_member(chat, owner, "creator")
        return chat

    def find_by_username(self, username: str) -> Chat | None:
        """Find the public channel of this name, whatever the case of its letters."""
        wanted = username.lower()
        chats = (chat for chat in self.chats.values() if not chat.is_private)
        return next((chat for chat in chats if chat.description.get("username", "").lower() == wanted), None)

    def set_bot_status(self, chat: Chat, status: str) -> None:
        chat.bot_status = status
        self._store.put("chat", chat.chat_id, chat.record())

    def set_member(self, chat: Chat, user: JsonObject, status: str) -> None:
        """Note a person of a group or a channel, or what has changed about them."""
        member = {"user": user, "status": status}
        if chat.members.get(str(user["id"])) != member:
            chat.members[str(user["id"])] = member
            self._store.put("chat", chat.chat_id, chat.record())

    def identify(self, chat: Chat, person: JsonObject | None) -> JsonObject:
        """Give the User who acts in the chat: what is known of the person and what `person` adds to it.

        Whoever acts in a group or a channel is a member from then on, the first one its creator.
        """
        if chat.is_private or person is None or not isinstance(person.get("id"), int):
            return {**chat.person, **(person or {})}
        user = {**(self.find_person(person["id"]) or default_person(person["id"])), **person}
        newcomer = {"status": "member" if chat.members else "creator"}
        self.set_member(chat, user, chat.members.get(str(person["id"]), newcomer)["status"])
        return user

    def find_person(self, user_id: int) -> JsonObject | None:
        """Find the User of a private chat or of a group's member."""
        if user_id in self.chats:
            return self.chats[user_id].person
        members = (chat.members.get(str(user_id)) for chat in self.chats.values())
        return next((member["user"] for member in members if member is not None), None)

    def next_message_id(self, chat: Chat) -> int:
        is_supergroup = chat.description["type"] in {"supergroup", "channel"}
        return self._count(str(chat.chat_id) if is_supergroup else ACCOUNT_COUNTER)

    def add(self, chat: Chat, body: JsonObject, *, from_bot: bool) -> Message:
        """Keep a new message; `message_id`, `chat` and `date` are filled in unless `body` has them.

        A post is shown as sent at its `date`, so that a channel can be given a past.
        """
        now = time.time()
        message_id = body.get("message_id") or self.next_message_id(chat)
        whole = {"message_id": message_id, "chat": chat.description, "date": int(now), **body}
        at = float(whole["date"]) if chat.is_channel else now
        message = Message(self._count(SEQUENCE_COUNTER), chat.chat_id, message_id, from_bot, at, whole)
        chat.messages[message_id] = message
        self._note(message, message.take_revision(at))
        return message

    def edit(
        self, message: Message, *, content: FormattedText | None, reply_markup: JsonObject | None
    ) -> None:
        """Replace the reply markup and, if `content` is given, the text or caption."""
        now = time.time()
        body = {key: message.body[key] for key in message.body if key != "reply_markup"}
        if content is not None:
            is_caption = "text" not in body
            body["caption" if is_caption else "text"] = content.text
            entities_key = "caption_entities" if is_caption else "entities"
            body.pop(entities_key, None)
            if content.entities:
                body[entities_key] = content.entities
        if reply_markup is not None:
            body["reply_markup"] = reply_markup
        body["edit_date"] = int(now)
        message.body, message.edited_at, message.seq = body, now, self._count(SEQUENCE_COUNTER)
        self._note(message, message.take_revision(now))

    def delete(self, message: Message) -> None:
        message.deleted_at, message.seq = time.time(), self._count(SEQUENCE_COUNTER)
        self._store.put("message", _key(message), message.record())

    def clear(self, chat: Chat) -> None:
        """Forget every message of the chat; the chat itself stays known."""
        for message in chat.messages.values():
            self._store.delete("message", _key(message))
            for number in range(len(message.revisions)):
                self._store.delete("revision", f"{_key(message)}/{number}")
        chat.messages.clear()

    def _count(self, counter: str) -> int:
        self._counters[counter] = self._counters.get(counter, 0) + 1
        self._store.put("counter", counter, {"value": self._counters[counter]})
        return self._counters[counter]

    def _note(self, message: Message, revision: Revision) -> None:
        number = len(message.revisions) - 1
        self._store.put("message", _key(message), message.record())
        body = {
            "at": revision.at,
            "text": revision.text,
            "entities": revision.entities,
            "reply_markup": revision.reply_markup,
        }
        self._store.put("revision", f"{_key(message)}/{number}", body)

    def _load(self) -> None:
        self._counters = {key: body["value"] for key, body in self._store.load("counter")}
        for key, body in self._store.load("chat"):
            self.chats[int(key)] = Chat.restore(int(key), body)
        messages = [Message(**body) for _, body in self._store.load("message")]
        for message in sorted(messages, key=self._place):
            self.chats[message.chat_id].messages[message.message_id] = message
        revisions = [
            ([int(part) for part in key.split("/")], body) for key, body in self._store.load("revision")
        ]
        for (chat_id, message_id, _), body in sorted(revisions, key=lambda row: row[0]):
            self.chats[chat_id].messages[message_id].revisions.append(Revision(**body))

    def _place(self, message: Message) -> tuple[float, int]:
        """Tell where in its chat a message stands; posts of a channel may bear any date."""
        return 0.0 if self.chats[message.chat_id].is_channel else message.sent_at, message.message_id


def default_person(chat_id: int) -> JsonObject:
    return {"id": abs(chat_id), "is_bot": False, "first_name": f"Person {abs(chat_id)}"}


def describe_chat(chat_id: int, person: JsonObject) -> JsonObject:
    """Build the Chat object of a private chat or, for a negative id, of a supergroup."""
    if chat_id < 0:
        return {"id": chat_id, "type": "supergroup", "title": f"Group {-chat_id}"}
    names = ("first_name", "last_name", "username")
    return {"id": chat_id, "type": "private", **{name: person[name] for name in names if name in person}}


def _key(message: Message) -> str:
    return f"{message.chat_id}/{message.message_id}"
