"""getMe, getChat, getFile and answerCallbackQuery."""

from __future__ import annotations

from sandbox.bot_api.lookup import find_readable_chat
from sandbox.bot_api.parameters import Parameters
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.telegram.files import MAX_DOWNLOAD_BYTES
from sandbox.world import World

MAX_ANSWER = 200  # characters, https://core.telegram.org/bots/api#answercallbackquery
GIFT_TYPES = (
    "unlimited_gifts",
    "limited_gifts",
    "unique_gifts",
    "premium_subscription",
    "gifts_from_channels",
)


async def get_me(world: World, _parameters: Parameters) -> JsonObject:
    """Introduce the bot; its privacy mode is off, so groups show it everything that is written there."""
    abilities = {"can_join_groups": True, "can_read_all_group_messages": True}
    return {**world.bot, **abilities, "supports_inline_queries": False, "has_main_web_app": False}


async def get_chat(world: World, parameters: Parameters) -> JsonObject:
    """Build the ChatFullInfo object (https://core.telegram.org/bots/api#chatfullinfo)."""
    chat = find_readable_chat(world, parameters)
    fixed = {"accent_color_id": 0, "max_reaction_count": 11}
    return {**chat.description, **fixed, "accepted_gift_types": dict.fromkeys(GIFT_TYPES, False)}


async def get_file(world: World, parameters: Parameters) -> JsonObject:
    file_id = parameters.text("file_id")
    if not file_id:
        raise bad_request("file_id not specified")
    stored = world.files.find_by_id(file_id)
    if stored is None:
        raise bad_request("invalid file_id")
    if stored.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }


async def answer_callback_query(world: World, parameters: Parameters) -> bool:
    query_id, text = parameters.text("callback_query_id"), parameters.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    content = {
        "callback_query_id": query_id,
        "text": text,
        "show_alert": parameters.boolean("show_alert"),
        "url": parameters.text("url"),
    }
    chat_id = world.callbacks.answer(query_id, content)
    world.events.publish("callback_answer", chat_id, lambda: content)
    return True
