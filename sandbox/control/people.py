"""People's side: write, edit, press, send files, read the chat."""

from __future__ import annotations

import json
from http import HTTPStatus

from aiohttp import web

from sandbox.control.requests import CHAT_PATH, answer, query_number, read_object, take, take_optional
from sandbox.errors import ControlError
from sandbox.jsontypes import JsonObject
from sandbox.multipart import Form, read_form
from sandbox.telegram.arrivals import press_button, receive_edit, receive_file, receive_text
from sandbox.telegram.files import FOLDERS, StoredFile
from sandbox.telegram.membership import is_ruling
from sandbox.telegram.messages import Message
from sandbox.world import World


class PeopleApi:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/sandbox/api/messages", self.write)
        router.add_post("/sandbox/api/updates", self.inject_update)
        router.add_post("/sandbox/api/callbacks", self.press)
        router.add_delete("/sandbox/api/callbacks", self.expire_presses)
        router.add_post("/sandbox/api/uploads", self.upload)
        router.add_get("/sandbox/api/files/{file_id}", self.download)
        router.add_get("/sandbox/api/chats", self.list_chats)
        router.add_get(f"{CHAT_PATH}/messages", self.list_messages)
        router.add_get(f"{CHAT_PATH}/commands", self.list_commands)
        router.add_post(f"{CHAT_PATH}/messages/{{message_id:[0-9]+}}/edit", self.edit)
        router.add_get(f"{CHAT_PATH}/callback_answers", self.list_callback_answers)
        router.add_delete(CHAT_PATH, self.clear)

    async def write(self, request: web.Request) -> web.Response:
        """Take {chat_id, text, from?, chat?, reply_to_message_id?, quote?, message?}.

        Gives {update_id, message_id, seq}; `update_id` is null in a group or a channel without the bot.
        `chat` and `message` are fields of the Chat and of the Message.
        """
        body = await read_object(request)
        description = take_optional(body, "chat", dict)
        overrides = take_optional(body, "message", dict) or {}
        update_id, message = receive_text(
            self._world,
            chat_id=take(body, "chat_id", int),
            text=take_optional(body, "text", str) or "",
            person=take_optional(body, "from", dict),
            reply_to_message_id=take_optional(body, "reply_to_message_id", int),
            quote=take_optional(body, "quote", str),
            overrides={"chat": description, **overrides} if description else overrides,
        )
        return await self._give_message(update_id, message)

    async def edit(self, request: web.Request) -> web.Response:
        """Take {text}, the new text or caption; give {update_id, message_id, seq}."""
        text = take(await read_object(request), "text", str)
        chat_id, message_id = int(request.match_info["chat_id"]), int(request.match_info["message_id"])
        changed = receive_edit(self._world, chat_id=chat_id, message_id=message_id, text=text)
        return await self._give_message(*changed)

    async def inject_update(self, request: web.Request) -> web.Response:
        """Take a raw Update, `update_id` optional; give {update_id}. Its chat becomes known."""
        body = await read_object(request)
        if not set(body) - {"update_id"}:
            raise ControlError("an update needs content")
        take_optional(body, "update_id", int)
        self._meet_chat_of(body)
        update_id = self._world.updates.push(body)
        await self._world.store.flush()
        return answer({"update_id": update_id})

    async def press(self, request: web.Request) -> web.Response:
        """Take {chat_id, message_id, data, from?}; give {update_id, callback_query_id}."""
        body = await read_object(request)
        update_id, query_id = press_button(
            self._world,
            chat_id=take(body, "chat_id", int),
            message_id=take(body, "message_id", int),
            callback_data=take(body, "data", str),
            person=take_optional(body, "from", dict),
        )
        await self._world.store.flush()
        return answer({"update_id": update_id, "callback_query_id": query_id})

    async def expire_presses(self, _request: web.Request) -> web.Response:
        """Let every press so far be too old to be answered."""
        self._world.callbacks.expire()
        return answer({"ok": True})

    async def list_callback_answers(self, request: web.Request) -> web.Response:
        """Give {answers}: what the bot has answered to presses in this chat, oldest first."""
        return answer({"answers": self._world.callbacks.answers(int(request.match_info["chat_id"]))})

    async def upload(self, request: web.Request) -> web.Response:
        """Take multipart chat_id, kind, file, and caption, duration (s), from, chat and message (JSON),
        reply_to_message_id, media_group_id, file_size (bytes it passes for).

        Gives {update_id, message_id, file_id, seq}.
        """
        form = await read_form(request)
        chat_id = _form_number(form.values, "chat_id")
        if chat_id is None:
            raise ControlError("chat_id is required")
        stored = self._keep(form)
        update_id, message = receive_file(
            self._world,
            chat_id=chat_id,
            stored=stored,
            caption=form.values.get("caption", ""),
            duration_s=_form_number(form.values, "duration") or 1,
            person=_form_object(form.values, "from"),
            reply_to_message_id=_form_number(form.values, "reply_to_message_id"),
            media_group_id=form.values.get("media_group_id", ""),
            description=_form_object(form.values, "chat"),
            overrides=_form_object(form.values, "message"),
        )
        return await self._give_message(update_id, message, file_id=stored.file_id)

    async def download(self, request: web.Request) -> web.Response:
        """Give a file's content to the page; anything but sound and pictures only as a download."""
        stored = self._world.files.find_by_id(request.match_info["file_id"])
        if stored is None:
            raise ControlError("no such file", status=HTTPStatus.NOT_FOUND)
        is_media = stored.kind != "document" and stored.mime_type.startswith(
            ("audio/", "image/png", "image/jpeg", "image/webp", "image/gif", "video/webm", "video/mp4")
        )
        response = web.Response(body=self._world.files.read(stored))
        response.content_type = stored.mime_type.partition(";")[0] if is_media else "application/octet-stream"
        if not is_media:
            response.headers["Content-Disposition"] = "attachment"  # the page's link has the name
        return response

    async def list_chats(self, _request: web.Request) -> web.Response:
        chats = self._world.chats.chats.values()
        return answer(
            {
                "chats": [
                    {"chat_id": chat.chat_id, "is_blocked": chat.is_blocked, **chat.record()}
                    for chat in chats
                ]
            }
        )

    async def list_messages(self, request: web.Request) -> web.Response:
        """Give {messages, seq}: what changed after `?after=<seq>`; deleted ones too with `?deleted=1`.

        `?revisions=0` leaves out the earlier texts of edited messages.
        """
        after = query_number(request, "after") or 0
        with_deleted = request.query.get("deleted") == "1"
        with_revisions = request.query.get("revisions") != "0"
        chat = self._world.chats.chats.get(int(request.match_info["chat_id"]))
        messages = [] if chat is None else chat.messages.values()
        shown = [
            message.view(with_revisions=with_revisions)
            for message in messages
            if message.seq > after and (with_deleted or message.deleted_at is None)
        ]
        return answer({"messages": shown, "seq": self._world.chats.last_seq})

    async def list_commands(self, request: web.Request) -> web.Response:
        """Give {commands}: the menu that `?user_id=` with `?lang=` sees in this chat."""
        chat_id, language = int(request.match_info["chat_id"]), request.query.get("lang", "")
        user_id, chat = query_number(request, "user_id") or 0, self._world.chats.chats.get(chat_id)
        rules = chat is not None and is_ruling(chat, user_id)
        shown = self._world.menu.shown_to(chat_id, language, user_id=user_id, is_ruling=rules)
        return answer({"commands": shown})

    async def clear(self, request: web.Request) -> web.Response:
        """Forget the chat's messages and queued updates; the person stays known to the bot."""
        chat = self._world.chats.meet(int(request.match_info["chat_id"]), person=None, description=None)
        self._world.chats.clear(chat)
        self._world.updates.drop_lane(str(chat.chat_id))
        self._world.events.publish("clear", chat.chat_id)
        await self._world.store.flush()
        return answer({"ok": True})

    async def _give_message(self, update_id: int | None, message: Message, **more: str) -> web.Response:
        await self._world.store.flush()
        numbers = {"update_id": update_id, "message_id": message.message_id, "seq": message.seq}
        return answer({**numbers, **more})

    def _keep(self, form: Form) -> StoredFile:
        upload, kind = form.files.get("file"), form.values.get("kind", "document")
        if kind not in FOLDERS:
            raise ControlError(f"kind must be one of {', '.join(FOLDERS)}")
        if upload is None:
            raise ControlError("file is required")
        return self._world.files.add(
            kind=kind,
            name=upload.file_name or "",
            mime_type=upload.mime_type,
            content=upload.content,
            claimed_size=_form_number(form.values, "file_size"),
        )

    def _meet_chat_of(self, body: JsonObject) -> None:
        for content in body.values():
            chat = content.get("chat") if isinstance(content, dict) else None
            if isinstance(chat, dict) and isinstance(chat.get("id"), int):
                person = content.get("from")
                person = person if isinstance(person, dict) else None
                self._world.chats.meet(chat["id"], person=person, description=chat)


def _form_number(values: dict[str, str], name: str) -> int | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    try:
        return int(value)
    except ValueError as error:
        raise ControlError(f"{name} must be a whole number") from error


def _form_object(values: dict[str, str], name: str) -> JsonObject | None:
    if not values.get(name):
        return None
    try:
        found = json.loads(values[name])
    except ValueError as error:
        raise ControlError(f"{name} must be JSON") from error
    if not isinstance(found, dict):
        raise ControlError(f"{name} must be a JSON object")
    return found
