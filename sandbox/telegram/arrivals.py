"""What a person does in a chat, turned into messages and updates for the bot."""

from __future__ import annotations

from sandbox.entities.formatting import format_person_text
from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject
from sandbox.telegram.files import StoredFile
from sandbox.telegram.messages import Chat, Message
from sandbox.world import World


def receive_text(
    world: World,
    *,
    chat_id: int,
    text: str,
    person: JsonObject | None = None,
    reply_to_message_id: int | None = None,
    overrides: JsonObject | None = None,
) -> tuple[int, Message]:
    """Let a person write `text`, of any content and length; gives the update's number and the message."""
    content = format_person_text(text)
    body: JsonObject = {"text": content.text}
    if content.entities:
        body["entities"] = content.entities
    return _receive(world, chat_id, person, {**body, **(overrides or {})}, reply_to_message_id)


def receive_file(
    world: World,
    *,
    chat_id: int,
    stored: StoredFile,
    caption: str = "",
    duration_s: int = 1,
    person: JsonObject | None = None,
    reply_to_message_id: int | None = None,
) -> tuple[int, Message]:
    """Let a person send a file."""
    body: JsonObject = {stored.kind: stored.media(duration_s=duration_s)}
    if caption:
        content = format_person_text(caption)
        body["caption"] = content.text
        if content.entities:
            body["caption_entities"] = content.entities
    return _receive(world, chat_id, person, body, reply_to_message_id)


def press_button(
    world: World, *, chat_id: int, message_id: int, callback_data: str, person: JsonObject | None = None
) -> tuple[int, str]:
    """Let a person press an inline button; gives the numbers of the update and of the callback query."""
    chat = world.chats.meet(chat_id, person=person, description=None)
    message = chat.messages.get(message_id)
    if message is None or message.deleted_at is not None:
        raise ControlError("no such message", status=404)
    query_id = world.callbacks.open(chat_id)
    query = {
        "id": query_id,
        "from": _sender(chat, person),
        "message": message.body,
        "chat_instance": str(chat_id),
        "data": callback_data,
    }
    return world.updates.push({"callback_query": query}), query_id


def _receive(
    world: World,
    chat_id: int,
    person: JsonObject | None,
    content: JsonObject,
    reply_to_message_id: int | None,
) -> tuple[int, Message]:
    chat = world.chats.meet(chat_id, person=person, description=content.get("chat"))
    body = {"from": _sender(chat, person), **_quote(chat, reply_to_message_id), **content}
    message = world.chats.add(chat, body, from_bot=False)
    update_id = world.updates.push({"message": message.body})
    world.publish_message("message", message)
    return update_id, message


def _sender(chat: Chat, person: JsonObject | None) -> JsonObject:
    return {**chat.person, **(person or {})}


def _quote(chat: Chat, message_id: int | None) -> JsonObject:
    if message_id is None:
        return {}
    replied = chat.messages.get(message_id)
    if replied is None:
        raise ControlError("the message to reply to is not there", status=404)
    return {"reply_to_message": replied.quote()}
