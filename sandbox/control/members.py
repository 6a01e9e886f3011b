"""The people of a chat and the bot's place in it: add, promote, remove, block."""

from __future__ import annotations

from aiohttp import web

from sandbox.control.requests import CHAT_PATH, answer, read_object, take, take_optional
from sandbox.errors import ControlError
from sandbox.telegram.membership import STATUSES, change_bot_status
from sandbox.world import World


class MembersApi:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post(f"{CHAT_PATH}/block", self.block)
        router.add_post(f"{CHAT_PATH}/bot", self.place_bot)
        router.add_post(f"{CHAT_PATH}/members", self.set_member)

    async def block(self, request: web.Request) -> web.Response:
        """Take {blocked: bool}: with true the bot's calls for this chat are refused with 403."""
        is_blocked = take(await read_object(request), "blocked", bool)
        chat = self._world.chats.meet(int(request.match_info["chat_id"]), person=None, description=None)
        if chat.is_channel:
            raise ControlError("a channel adds and removes the bot, it does not block it")
        change_bot_status(self._world, chat, "kicked" if is_blocked else "member", chat.person)
        await self._world.store.flush()
        return answer({"blocked": is_blocked})

    async def place_bot(self, request: web.Request) -> web.Response:
        """Take {status, from?, chat?}, the bot's ChatMember status from now on; give {update_id}.

        `update_id` is null if nothing changes. A group or a channel that is not known is joined anew.
        """
        body = await read_object(request)
        status, chat_id = _take_status(body), int(request.match_info["chat_id"])
        person, is_new = take_optional(body, "from", dict), chat_id not in self._world.chats.chats
        description = take_optional(body, "chat", dict)
        chat = self._world.chats.meet(chat_id, person=person, description=description)
        if is_new and not chat.is_private:
            chat.bot_status = "left"
        actor = self._world.chats.identify(chat, person)
        update_id = change_bot_status(self._world, chat, status, actor)
        await self._world.store.flush()
        return answer({"update_id": update_id})

    async def set_member(self, request: web.Request) -> web.Response:
        """Take {user, status}: a person of a group or a channel and their ChatMember status."""
        body = await read_object(request)
        chat = self._world.chats.meet(int(request.match_info["chat_id"]), person=None, description=None)
        if chat.is_private:
            raise ControlError("only groups and channels have members")
        status, user = _take_status(body), self._world.chats.identify(chat, take(body, "user", dict))
        self._world.chats.set_member(chat, user, status)
        await self._world.store.flush()
        return answer({"user": user, "status": status})


def _take_status(body: dict[str, object]) -> str:
    status = take(body, "status", str)
    if status not in STATUSES:
        raise ControlError(f"status must be one of {', '.join(sorted(STATUSES))}")
    return status
