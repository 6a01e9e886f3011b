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

    def shown_to(self, chat_id: int, language: str) -> list[JsonObject]:
        """Choose by Telegram's order: the chat's own list, private chats, default; each by language first.

        https://core.telegram.org/bots/api#determining-list-of-commands
        """
        group_scope = "all_private_chats" if chat_id > 0 else "all_group_chats"
        scopes: list[JsonObject] = [
            {"type": "chat", "chat_id": chat_id},
            {"type": group_scope},
            DEFAULT_SCOPE,
        ]
        for scope in scopes:
            for code in (language, ""):
                found = self.get(scope, code)
                if found:
                    return found
        return []


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
