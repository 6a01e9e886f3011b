"""sendMessage, sendDocument, sendPhoto, sendVoice, sendAudio, sendVideo, sendVideoNote, sendChatAction."""

from __future__ import annotations

from http import HTTPStatus

from sandbox.bot_api.content import TOO_LONG_TO_SEND, read_caption, read_reply, read_text
from sandbox.bot_api.lookup import find_writable_chat
from sandbox.bot_api.parameters import Parameters
from sandbox.errors import BotApiError, bad_request
from sandbox.jsontypes import JsonObject
from sandbox.multipart import Part
from sandbox.telegram.files import MAX_UPLOAD_BYTES, StoredFile
from sandbox.telegram.keyboards import check_reply_markup
from sandbox.telegram.messages import Chat
from sandbox.world import World

TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


async def send_message(world: World, parameters: Parameters) -> JsonObject:
    chat = find_writable_chat(world, parameters)
    content = read_text(parameters, too_long=TOO_LONG_TO_SEND)
    body: JsonObject = {"text": content.text}
    if content.entities:
        body["entities"] = content.entities
    return _send(world, chat, parameters, body)


async def send_document(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "document")


async def send_photo(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "photo")


async def send_voice(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "voice")


async def send_audio(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "audio")


async def send_video(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "video")


async def send_video_note(world: World, parameters: Parameters) -> JsonObject:
    return _send_file(world, parameters, "video_note")


async def send_chat_action(world: World, parameters: Parameters) -> bool:
    chat = find_writable_chat(world, parameters)
    action = parameters.text("action")
    if action not in CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    world.events.publish("action", chat.chat_id, lambda: {"action": action})
    return True


def _send_file(world: World, parameters: Parameters, kind: str) -> JsonObject:
    chat = find_writable_chat(world, parameters)
    content = read_caption(parameters)
    stored = _take_file(world, parameters, kind)
    body: JsonObject = {kind: stored.media(duration_s=parameters.integer("duration", 1))}
    if content.text:
        body["caption"] = content.text
    if content.entities:
        body["caption_entities"] = content.entities
    return _send(world, chat, parameters, body)


def _take_file(world: World, parameters: Parameters, kind: str) -> StoredFile:
    value = parameters.text(kind)
    upload = parameters.uploads.get(value.removeprefix("attach://") if value else kind)
    if upload is not None:
        return _keep_upload(world, upload, kind)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    return world.files.find(value)


def _keep_upload(world: World, upload: Part, kind: str) -> StoredFile:
    if len(upload.content) > MAX_UPLOAD_BYTES:
        raise BotApiError(*TOO_LARGE)
    if not upload.content:
        raise bad_request("file must be non-empty")
    return world.files.add(
        kind=kind, name=upload.file_name or "", mime_type=upload.mime_type, content=upload.content
    )


def _send(world: World, chat: Chat, parameters: Parameters, content: JsonObject) -> JsonObject:
    reply = read_reply(parameters, chat)
    markup = check_reply_markup(parameters.json("reply_markup", "reply keyboard markup"))
    world.limiter.check_send(chat.chat_id)
    sender = {"sender_chat": chat.description} if chat.is_channel else {"from": world.bot}
    body = {**sender, **reply, **content}
    if markup is not None:
        body["reply_markup"] = markup
    message = world.chats.add(chat, body, from_bot=True)
    world.publish_message("message", message)
    return message.body
