"""getChatMember, getChatAdministrators, getChatMemberCount, leaveChat."""

from __future__ import annotations

from sandbox.bot_api.lookup import find_joined_chat
from sandbox.bot_api.parameters import Parameters
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.telegram.membership import change_bot_status, describe_member, find_member
from sandbox.telegram.messages import IN_CHAT, RULING
from sandbox.world import World


async def get_chat_member(world: World, parameters: Parameters) -> JsonObject:
    chat = find_joined_chat(world, parameters)
    found = find_member(world, chat, parameters.integer("user_id"))
    if found is None:
        raise bad_request("user not found")
    return found


async def get_chat_administrators(world: World, parameters: Parameters) -> list[JsonObject]:
    """List the people who own or administer a group or a channel; other bots are left out, as documented."""
    chat = find_joined_chat(world, parameters)
    if chat.is_private:
        raise bad_request("there are no administrators in the private chat")
    ruling = [member for member in chat.members.values() if member["status"] in RULING]
    own = [describe_member(chat, world.bot, chat.bot_status)] if chat.bot_status in RULING else []
    return [*(describe_member(chat, member["user"], member["status"]) for member in ruling), *own]


async def get_chat_member_count(world: World, parameters: Parameters) -> int:
    chat = find_joined_chat(world, parameters)
    people = sum(member["status"] in IN_CHAT for member in chat.members.values())
    return 2 if chat.is_private else 1 + people


async def leave_chat(world: World, parameters: Parameters) -> bool:
    chat = find_joined_chat(world, parameters)
    if chat.is_private:
        raise bad_request("chat member status can't be changed in private chats")
    change_bot_status(world, chat, "left", world.bot)
    return True
