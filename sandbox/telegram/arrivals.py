"""What a person does in a chat, turned into messages and updates for the bot."""

from __future__ import annotations

from sandbox.entities.formatting import format_person_text
from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject
from sandbox.telegram.channels import describe_post
from sandbox.telegram.files import StoredFile
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.quotes import cut_quote
from sandbox.world import World

# https://core.telegram.org/bots/api#update
CHANNEL_KINDS = {"message": "channel_post", "edited_message": "edited_channel_post"}


def receive_text(
    world: World,
    *,
    chat_id: int,
    text: str,
    person: JsonObject | None = None,
    reply_to_message_id: int | None = None,
    quote: str | None = None,
    overrides: JsonObject | None = None,
) -> tuple[int | None, Message]:
    """Let a person write `text`, of any content and length; gives the update's number and the message.

    `quote` is the part of the other message that the reply is about, `overrides` are fields of the Message.
    In a channel it is a post of the channel's. There is no update from a group or a channel that the bot is
    not in.
    """
    content = format_person_text(text)
    body: JsonObject = {"text": content.text}
    if content.entities:
        body["entities"] = content.entities
    body |= overrides or {}
    chat = world.chats.meet(chat_id, person=person, description=body.get("chat"))
    return _receive(world, chat, person, {**_reply(chat, reply_to_message_id, quote), **body})


def receive_file(
    world: World,
    *,
    chat_id: int,
    stored: StoredFile,
    caption: str = "",
    duration_s: int = 1,
    person: JsonObject | None = None,
    reply_to_message_id: int | None = None,
    media_group_id: str = "",
    description: JsonObject | None = None,
    overrides: JsonObject | None = None,
) -> tuple[int | None, Message]:
    """Let a person send a file; files of one album share a `media_group_id`.

    `overrides` are fields of the Message.
    """
    body: JsonObject = {stored.kind: stored.media(duration_s=duration_s)}
    if media_group_id:
        body["media_group_id"] = media_group_id
    if caption:
        content = format_person_text(caption)
        body["caption"] = content.text
        if content.entities:
            body["caption_entities"] = content.entities
    body |= overrides or {}
    chat = world.chats.meet(chat_id, person=person, description=description)
    return _receive(world, chat, person, {**_reply(chat, reply_to_message_id, None), **body})


def receive_edit(world: World, *, chat_id: int, message_id: int, text: str) -> tuple[int | None, Message]:
    """Let a person change the text or caption of a message of theirs, or of a post of the channel's.

    Raises ControlError 404 if it is not there, 400 if it is the bot's.
    """
    chat = world.chats.meet(chat_id, person=None, description=None)
    message = _find(chat, message_id)
    if message.from_bot:
        raise ControlError("only people's own messages can be edited")
    world.chats.edit(message, content=format_person_text(text), reply_markup=None)
    world.publish_message("edit", message)
    return _tell(world, chat, "edited_message", message), message


def press_button(
    world: World, *, chat_id: int, message_id: int, callback_data: str, person: JsonObject | None = None
) -> tuple[int, str]:
    """Let a person press an inline button; gives the numbers of the update and of the callback query."""
    chat = world.chats.meet(chat_id, person=person, description=None)
    message = _find(chat, message_id)
    query_id = world.callbacks.open(chat_id)
    query = {
        "id": query_id,
        "from": world.chats.identify(chat, person),
        "message": message.body,
        "chat_instance": str(chat_id),
        "data": callback_data,
    }
    return world.updates.push({"callback_query": query}), query_id


def _receive(
    world: World, chat: Chat, person: JsonObject | None, content: JsonObject
) -> tuple[int | None, Message]:
    body = _sign(world, chat, person, content)
    message = world.chats.add(chat, body, from_bot=False)
    update_id = _tell(world, chat, "message", message)
    world.publish_message("message", message)
    return update_id, message


def _sign(world: World, chat: Chat, person: JsonObject | None, content: JsonObject) -> JsonObject:
    if chat.is_channel:
        return describe_post(chat, content)
    return {"from": world.chats.identify(chat, person), **content}


def _tell(world: World, chat: Chat, kind: str, message: Message) -> int | None:
    if chat.is_blocked and not chat.is_private:
        return None
    return world.updates.push({CHANNEL_KINDS[kind] if chat.is_channel else kind: message.body})


def _find(chat: Chat, message_id: int) -> Message:
    message = chat.messages.get(message_id)
    if message is None or message.deleted_at is not None:
        raise ControlError("no such message", status=404)
    return message


def _reply(chat: Chat, message_id: int | None, quote: str | None) -> JsonObject:
    if message_id is None:
        return {}
    replied = _find(chat, message_id)
    reply: JsonObject = {"reply_to_message": replied.quote()}
    if quote:
        reply["quote"] = cut_quote(replied, quote)
        if reply["quote"] is None:
            raise ControlError("the message to reply to does not say that")
    return reply
