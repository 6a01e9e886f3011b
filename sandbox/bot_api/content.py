"""Text, caption and reply of a message to be sent or edited."""

from __future__ import annotations

from sandbox.bot_api.lookup import find_message
from sandbox.bot_api.parameters import Parameters
from sandbox.entities.formatting import FormattedText, format_bot_text
from sandbox.entities.utf16 import utf16_length
from sandbox.errors import bad_request
from sandbox.jsontypes import JsonObject
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.quotes import cut_quote

MAX_TEXT = 4096  # UTF-16 code units after entity parsing, https://core.telegram.org/bots/api#sendmessage
MAX_CAPTION = 1024  # likewise, https://core.telegram.org/bots/api#senddocument
TOO_LONG_TO_SEND = "message is too long"
TOO_LONG_TO_EDIT = "MESSAGE_TOO_LONG"  # edits are measured by another server, which words it so


def read_text(parameters: Parameters, *, too_long: str) -> FormattedText:
    """Raise BotApiError 400 for an empty or too long text or broken markup."""
    content = _read_formatted(parameters, "text", "entities")
    if not content.text:
        raise bad_request("message text is empty")
    if utf16_length(content.text) > MAX_TEXT:
        raise bad_request(too_long)
    return content


def read_caption(parameters: Parameters) -> FormattedText:
    """Raise BotApiError 400 for a too long caption or broken markup; no caption is an empty one."""
    content = _read_formatted(parameters, "caption", "caption_entities")
    if utf16_length(content.text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    return content


def read_reply(parameters: Parameters, chat: Chat) -> JsonObject:
    """Give `reply_to_message` and `quote` as parts of a Message, or nothing.

    Raises BotApiError 400 if the message is gone and `allow_sending_without_reply` is not set, or if it
    does not contain the quote.
    """
    reply = parameters.json("reply_parameters", "reply parameters") or {
        "message_id": parameters.integer("reply_to_message_id"),
        "allow_sending_without_reply": parameters.boolean("allow_sending_without_reply"),
    }
    if not isinstance(reply, dict):
        raise bad_request("object expected as reply parameters")
    message_id = Parameters(reply).integer("message_id")
    known = chat.messages.get(message_id)
    is_gone = known is None or known.deleted_at is not None
    if not message_id or (is_gone and reply.get("allow_sending_without_reply")):
        return {}
    replied = find_message(chat, message_id, "message to be replied")
    return {"reply_to_message": replied.quote(), **_read_quote(reply, replied)}


def _read_quote(reply: JsonObject, replied: Message) -> JsonObject:
    if not reply.get("quote"):
        return {}
    wanted = _read_formatted(Parameters(reply), "quote", "quote_entities", mode_name="quote_parse_mode")
    quote = cut_quote(replied, wanted.text)
    if quote is None:
        raise bad_request("QUOTE_TEXT_INVALID")
    return {"quote": quote}


def _read_formatted(
    parameters: Parameters, name: str, entities_name: str, *, mode_name: str = "parse_mode"
) -> FormattedText:
    entities = parameters.json(entities_name, "entities")
    if entities is not None and not _are_entities(entities):
        raise bad_request('can\'t parse MessageEntity: field "type", "offset" or "length" is missing')
    return format_bot_text(parameters.text(name), parse_mode=parameters.text(mode_name), entities=entities)


def _are_entities(entities: object) -> bool:
    return isinstance(entities, list) and all(
        isinstance(entity, dict)
        and isinstance(entity.get("type"), str)
        and isinstance(entity.get("offset"), int)
        and isinstance(entity.get("length"), int)
        for entity in entities
    )
