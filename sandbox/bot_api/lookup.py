"""Find the chat and message a call is about, in Telegram's order of refusals."""

from __future__ import annotations

from http import HTTPStatus

from sandbox.bot_api.parameters import Parameters
from sandbox.errors import BotApiError, bad_request
from sandbox.telegram.messages import RULING, Chat, Message
from sandbox.world import World


def find_chat(world: World, parameters: Parameters) -> Chat:
    """Find a chat by its number, or a public channel by `@username`.

    Raises BotApiError 400 if `chat_id` names no chat the bot has met.
    """
    wanted = parameters.text("chat_id")
    if not wanted:
        raise bad_request("chat_id is empty")
    if wanted.startswith("@"):
        chat = world.chats.find_by_username(wanted[1:])
    else:
        chat = world.chats.chats.get(parameters.chat_id() or 0)
    if chat is None:
        raise bad_request("chat not found")
    return chat


def find_readable_chat(world: World, parameters: Parameters) -> Chat:
    """Raise BotApiError 403 as well if the channel is not the bot's to see.

    A public channel is seen by everybody but those it has banned.
    """
    chat = find_chat(world, parameters)
    is_public = "username" in chat.description and chat.bot_status != "kicked"
    if chat.is_channel and chat.is_blocked and not is_public:
        raise _forbidden(chat)
    return chat


def find_joined_chat(world: World, parameters: Parameters) -> Chat:
    """Raise BotApiError 403 as well if the person has blocked the bot or the group or channel has lost it."""
    chat = find_chat(world, parameters)
    if chat.is_blocked:
        raise _forbidden(chat)
    return chat


def find_writable_chat(world: World, parameters: Parameters) -> Chat:
    """Raise BotApiError 400 as well if it is a channel that the bot does not administer."""
    chat = find_joined_chat(world, parameters)
    if chat.is_channel and chat.bot_status not in RULING:
        raise bad_request("need administrator rights in the channel chat")
    return chat


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


def _forbidden(chat: Chat) -> BotApiError:
    place = f"the {chat.description['type']} chat"
    reason = "bot was blocked by the user"
    if not chat.is_private:
        is_kicked = chat.bot_status == "kicked"
        reason = f"bot was kicked from {place}" if is_kicked else f"bot is not a member of {place}"
    return BotApiError(HTTPStatus.FORBIDDEN, f"Forbidden: {reason}")
