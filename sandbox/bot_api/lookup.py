"""Find the chat and message a call is about, in Telegram's order of refusals."""

from __future__ import annotations

from http import HTTPStatus

from sandbox.bot_api.parameters import Parameters
from sandbox.errors import BotApiError, bad_request
from sandbox.telegram.messages import Chat, Message
from sandbox.world import World


def find_chat(world: World, parameters: Parameters) -> Chat:
    """Raise BotApiError 400 if `chat_id` names no chat the bot has met."""
    if not parameters.text("chat_id"):
        raise bad_request("chat_id is empty")
    chat = world.chats.chats.get(parameters.chat_id() or 0)
    if chat is None:
        raise bad_request("chat not found")
    return chat


def find_writable_chat(world: World, parameters: Parameters) -> Chat:
    """Raise BotApiError 403 as well if the person has blocked the bot or the group has lost it."""
    chat = find_chat(world, parameters)
    if not chat.is_blocked:
        return chat
    place = f"the {chat.description['type']} chat"
    reason = "bot was blocked by the user"
    if chat.is_group:
        is_kicked = chat.bot_status == "kicked"
        reason = f"bot was kicked from {place}" if is_kicked else f"bot is not a member of {place}"
    raise BotApiError(HTTPStatus.FORBIDDEN, f"Forbidden: {reason}")


def find_message(chat: Chat, message_id: int, purpose: str) -> Message:
    """Raise BotApiError 400 `<purpose> not found` for a message that is not, or no longer, there."""
    message = chat.messages.get(message_id)
    if message is None or message.deleted_at is not None:
        raise bad_request(f"{purpose} not found")
    return message


def find_editable_message(chat: Chat, parameters: Parameters) -> Message:
    message = find_message(chat, parameters.integer("message_id"), "message to edit")
    if not message.from_bot:
        raise bad_request("message can't be edited")
    return message
