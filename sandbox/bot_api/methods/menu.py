"""setMyCommands, getMyCommands, deleteMyCommands."""

from __future__ import annotations

from sandbox.bot_api.parameters import Parameters
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.telegram.commands import CHAT_SCOPES, DEFAULT_SCOPE, GROUP_SCOPES, SCOPES, check_commands
from sandbox.world import World


async def set_my_commands(world: World, parameters: Parameters) -> bool:
    commands = check_commands(parameters.json("commands", "commands") or [])
    world.menu.put(_read_scope(world, parameters), parameters.text("language_code"), commands)
    return True


async def get_my_commands(world: World, parameters: Parameters) -> list[JsonObject]:
    return world.menu.get(_read_scope(world, parameters), parameters.text("language_code"))


async def delete_my_commands(world: World, parameters: Parameters) -> bool:
    world.menu.drop(_read_scope(world, parameters), parameters.text("language_code"))
    return True


def _read_scope(world: World, parameters: Parameters) -> JsonObject:
    """Raise BotApiError 400 for an unknown kind of scope, or one of a chat the bot has not met."""
    scope = parameters.json("scope", "BotCommandScope")
    if scope is None:
        return DEFAULT_SCOPE
    if not isinstance(scope, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind not in SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    if kind not in CHAT_SCOPES:
        return {"type": kind}
    chat = world.chats.chats.get(_number(scope, "chat_id"))
    if chat is None:
        raise bad_request("chat not found")
    if chat.is_channel:
        raise bad_request("can't change commands in channel chats")
    if kind in GROUP_SCOPES and chat.is_private:
        raise bad_request("can't use specified scope in private chats")
    place = {"type": kind, "chat_id": chat.chat_id}
    return {**place, "user_id": _number(scope, "user_id")} if kind == "chat_member" else place


def _number(scope: JsonObject, name: str) -> int:
    try:
        return int(scope[name])
    except (KeyError, TypeError, ValueError) as error:
        raise bad_request(f"can't parse BotCommandScope: Can't find field \"{name}\"") from error
