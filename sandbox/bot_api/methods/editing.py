"""editMessageText, editMessageCaption, editMessageReplyMarkup, deleteMessage(s), setMessageReaction."""

from __future__ import annotations

from sandbox.bot_api.content import TOO_LONG_TO_EDIT, read_caption, read_text
from sandbox.bot_api.lookup import find_chat, find_editable_message, find_message, find_writable_chat
from sandbox.bot_api.parameters import Parameters
from sandbox.entities.formatting import FormattedText
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.telegram.keyboards import check_reply_markup
from sandbox.telegram.messages import Message
from sandbox.world import World

MAX_DELETIONS = 100  # https://core.telegram.org/bots/api#deletemessages


async def edit_message_text(world: World, parameters: Parameters) -> JsonObject:
    message = find_editable_message(find_writable_chat(world, parameters), parameters)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    return _edit(world, message, parameters, read_text(parameters, too_long=TOO_LONG_TO_EDIT))


async def edit_message_caption(world: World, parameters: Parameters) -> JsonObject:
    message = find_editable_message(find_writable_chat(world, parameters), parameters)
    if "text" in message.body:
        raise bad_request("there is no caption in the message to edit")
    return _edit(world, message, parameters, read_caption(parameters))


async def edit_message_reply_markup(world: World, parameters: Parameters) -> JsonObject:
    message = find_editable_message(find_writable_chat(world, parameters), parameters)
    return _edit(world, message, parameters, None)


async def delete_message(world: World, parameters: Parameters) -> bool:
    chat = find_chat(world, parameters)
    message = find_message(chat, parameters.integer("message_id"), "message to delete")
    _delete(world, message)
    return True


async def delete_messages(world: World, parameters: Parameters) -> bool:
    """Delete what is there of the given messages; what is not is skipped."""
    chat = find_chat(world, parameters)
    message_ids = parameters.json("message_ids", "message_ids")
    if message_ids is None:
        raise bad_request("message identifiers are not specified")
    if not isinstance(message_ids, list):
        raise bad_request("expected an Array of message identifiers")
    if len(message_ids) > MAX_DELETIONS:
        raise bad_request("too many message identifiers specified")
    for message_id in message_ids:
        message = chat.messages.get(message_id if isinstance(message_id, int) else 0)
        if message is not None and message.deleted_at is None:
            _delete(world, message)
    return True


async def set_message_reaction(world: World, parameters: Parameters) -> bool:
    chat = find_chat(world, parameters)
    message = find_message(chat, parameters.integer("message_id"), "message to react")
    reaction = parameters.json("reaction", "reaction types") or []
    content = {"message_id": message.message_id, "reaction": reaction}
    world.events.publish("reaction", chat.chat_id, lambda: content)
    return True


def _edit(
    world: World, message: Message, parameters: Parameters, content: FormattedText | None
) -> JsonObject:
    markup = check_reply_markup(parameters.json("reply_markup", "reply keyboard markup"))
    is_same_content = content is None or (content.text, content.entities) == (message.text, message.entities)
    if is_same_content and markup == message.reply_markup:
        raise bad_request(
            "message is not modified: specified new message content and reply markup are exactly the same"
            " as a current content and reply markup of the message"
        )
    world.limiter.check_edit(message.chat_id, message.message_id)
    world.chats.edit(message, content=content, reply_markup=markup)
    world.publish_message("edit", message)
    return message.body


def _delete(world: World, message: Message) -> None:
    world.chats.delete(message)
    content = {"message_id": message.message_id, "seq": message.seq}
    world.events.publish("delete", message.chat_id, lambda: content)
