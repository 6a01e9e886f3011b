"""The bot's command menu by scope and language (https://core.telegram.org/bots/api#botcommandscope)."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.store import Store

COMMAND = re.compile(r"[a-z0-9_]{1,32}")
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256
DEFAULT_SCOPE: JsonObject = {"type": "default"}
GROUP_SCOPES = frozenset({"chat_administrators", "chat_member"})
CHAT_SCOPES = GROUP_SCOPES | {"chat"}
SCOPES = CHAT_SCOPES | {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}


class CommandMenu:
    """Keep command lists and choose the one a person sees."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lists: dict[str, list[JsonObject]] = {
            key: body["commands"] for key, body in store.load("commands")
        }

    def put(self, scope: JsonObject, language: str, commands: list[JsonObject]) -> None:
        key = _key(scope, language)
        self._lists[key] = commands
        self._store.put("commands", key, {"commands": commands})

    def get(self, scope: JsonObject, language: str) -> list[JsonObject]:
        return self._lists.get(_key(scope, language), [])

    def drop(self, scope: JsonObject, language: str) -> None:
        key = _key(scope, language)
        self._lists.pop(key, None)
        self._store.delete("commands", key)

    def shown_to(
        self, chat_id: int, language: str, *, user_id: int = 0, is_ruling: bool = False
    ) -> list[JsonObject]:
        """Choose the list of the narrowest scope that has one, each scope by language first.

        `is_ruling` is for owners and administrators of a group.
        https://core.telegram.org/bots/api#determining-list-of-commands
        """
        for scope in _narrowing(chat_id, user_id, is_ruling=is_ruling):
            for code in (language, ""):
                found = self.get(scope, code)
                if found:
                    return found
        return []


def _narrowing(chat_id: int, user_id: int, *, is_ruling: bool) -> list[JsonObject]:
    own: JsonObject = {"type": "chat", "chat_id": chat_id}
    if chat_id > 0:
        return [own, {"type": "all_private_chats"}, DEFAULT_SCOPE]
    member: JsonObject = {"type": "chat_member", "chat_id": chat_id, "user_id": user_id}
    rulers: list[JsonObject] = [{"type": "chat_administrators", "chat_id": chat_id}] if is_ruling else []
    all_rulers: list[JsonObject] = [{"type": "all_chat_administrators"}] if is_ruling else []
    return [member, *rulers, own, *all_rulers, {"type": "all_group_chats"}, DEFAULT_SCOPE]


def check_commands(commands: object) -> list[JsonObject]:
    """Raise BotApiError 400 for a list that Telegram would not take."""
    if not isinstance(commands, list):
        raise bad_request("expected an Array of BotCommand")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_check_command(command) for command in commands]


def _check_command(command: object) -> JsonObject:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(command.get(name), str):
            raise bad_request(f"can't parse BotCommand: Can't find field \"{name}\"")
    name = command["command"].removeprefix("/")
    description = command["description"].strip()
    if COMMAND.fullmatch(name) is None:
        raise bad_request("BOT_COMMAND_INVALID")
    if not 0 < len(description) <= MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _key(scope: JsonObject, language: str) -> str:
    parts = [scope.get("type", "default"), scope.get("chat_id", ""), scope.get("user_id", ""), language]
    return "|".join(str(part) for part in parts)
