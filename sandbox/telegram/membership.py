"""Who is in a chat, the bot included (https://core.telegram.org/bots/api#chatmember)."""

from __future__ import annotations

import time

from sandbox.jsontypes import JsonObject
from sandbox.telegram.messages import IN_CHAT, RULING, Chat
from sandbox.world import World

RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
CHANNEL_RIGHTS = (*RIGHTS, "can_post_messages", "can_edit_messages")
STATUSES = frozenset({"creator", "administrator", "member", "left", "kicked"})


def describe_member(chat: Chat, user: JsonObject, status: str) -> JsonObject:
    """Build the ChatMember object of this status in the chat."""
    member: JsonObject = {"status": status, "user": user}
    if status == "kicked":
        return {**member, "until_date": 0}
    if status == "creator":
        return {**member, "is_anonymous": False}
    if status == "administrator":
        rights = CHANNEL_RIGHTS if chat.is_channel else RIGHTS
        return {**member, "can_be_edited": False, "is_anonymous": False, **dict.fromkeys(rights, True)}
    return member


def find_member(world: World, chat: Chat, user_id: int) -> JsonObject | None:
    """Build the ChatMember of the bot, of a member or of another known person; None for a stranger."""
    if user_id == world.bot["id"]:
        return describe_member(chat, world.bot, chat.bot_status)
    if chat.chat_id == user_id:
        return describe_member(chat, chat.person, "member")
    found = chat.members.get(str(user_id))
    if found is not None:
        return describe_member(chat, found["user"], found["status"])
    known = world.chats.find_person(user_id)
    return None if known is None else describe_member(chat, known, "left")


def change_bot_status(world: World, chat: Chat, status: str, actor: JsonObject) -> int | None:
    """Add, promote, remove or block the bot; gives the number of the update, None without a change.

    A bot that comes into a group is told so by a service message as well; a channel has none.
    """
    before = chat.bot_status
    if before == status:
        return None
    world.chats.set_bot_status(chat, status)
    change = {
        "chat": chat.description,
        "from": actor,
        "date": int(time.time()),
        "old_chat_member": describe_member(chat, world.bot, before),
        "new_chat_member": describe_member(chat, world.bot, status),
    }
    update_id = world.updates.push({"my_chat_member": change})
    world.events.publish("bot_status", chat.chat_id, lambda: {"status": status})
    if chat.is_group and before not in IN_CHAT and status in IN_CHAT:
        message = world.chats.add(chat, {"from": actor, "new_chat_members": [world.bot]}, from_bot=False)
        world.updates.push({"message": message.body})
        world.publish_message("message", message)
    return update_id


def is_ruling(chat: Chat, user_id: int) -> bool:
    """Tell whether the person owns or administers the group or the channel."""
    return chat.members.get(str(user_id), {}).get("status") in RULING
