"""What channels send, which nobody is to answer, and the admins' word on whether to read them."""

from __future__ import annotations

from dataclasses import dataclass

from botgateway.domain.access_notices import describe_decider
from botgateway.domain.channel_notices import describe_channel, name_state, tell_admins, write_settled
from botgateway.domain.channel_updates import ChannelUpdate, InChannel, IncomingMembership, IncomingPost
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.people import TOAST_CHARS, may_press, refuse_press
from botgateway.wording.channels import ChannelsPhrase as Words
from botgateway.wording.general import GeneralPhrase
from digests import metrics
from digests.domain import channels
from digests.domain.channels import SeenChannel, Switch
from digests.domain.posts import ReceivedPost, StoreOutcome, store_post
from digests.enums import ChannelState, PostSource
from digests.errors import UnknownChannel

SWITCHES = {ChannelState.ON: channels.switch_on, ChannelState.OFF: channels.switch_off}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an update of a channel. `notice_chats` have new notices to be delivered."""

    is_kept: bool
    notice_chats: tuple[str, ...] = ()


def handle_channel_update(update: ChannelUpdate) -> Taken:
    """Do what an update of a channel asks for; may be repeated freely."""
    return handle_post(update) if isinstance(update, IncomingPost) else handle_membership(update)


def handle_post(post: IncomingPost) -> Taken:
    """Store a post of a channel that is read; of any other nothing is kept but that the channel is there."""
    channel = channels.note_post(_describe(post), at=post.edited_at or post.posted_at)
    chats = tell_admins(channel)
    if post.is_service:
        return Taken(False, chats)
    if channel.state != ChannelState.ON:
        metrics.POSTS.labels(PostSource.TELEGRAM.value, StoreOutcome.IGNORED.value).inc()
        return Taken(False, chats)
    store_post(
        ReceivedPost(
            channel_id=channel.channel_id,
            message_id=post.message_id,
            posted_at=post.posted_at,
            edited_at=post.edited_at,
            text=post.text,
            author=post.author,
            forwarded_from=post.forwarded_from,
            media_group_id=post.media_group_id,
            has_media=post.has_media,
        )
    )
    return Taken(True, chats)


def handle_membership(change: IncomingMembership) -> Taken:
    """Note that the bot got in or out, and put a new channel before the admins."""
    channel = channels.note_membership(_describe(change), is_member=change.is_member, at=change.at)
    if channel is None:
        return Taken(False)
    return Taken(True, tell_admins(channel, adder=change.sender))


def handle_channel_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Decide whether a channel is read, once: `<on|off>:<channel id>`. Its notice shows what came of it everywhere."""
    if not may_press(conversation):
        return refuse_press(conversation)
    try:
        state, channel_id = arguments
        switch = SWITCHES[ChannelState(state)]
    except (ValueError, KeyError):
        return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    own = f"telegram:{conversation.user_id}"
    try:
        switched = switch(channel_id, by=own, expected=ChannelState.FOUND)
    except UnknownChannel:
        return Handled(message_ids=[], toast=conversation.say_plain(Words.UNKNOWN_TOAST))
    return _show(conversation, switched, own)


def _show(conversation: Conversation, switched: Switch, own: str) -> Handled:
    chats = tell_admins(switched.channel)
    toast = _write_toast(conversation, switched, own)[:TOAST_CHARS]
    chat_id = str(conversation.incoming.chat_id)
    if chat_id in chats:
        return Handled(message_ids=[], toast=toast, notice_chats=chats)
    # No notice will show it here: it was decided before, or the notice has expired or was erased.
    text = write_settled(switched.channel, chat_id)
    return Handled(message_ids=conversation.answer.deliver(text), toast=toast, notice_chats=chats)


def _write_toast(conversation: Conversation, switched: Switch, own: str) -> str:
    channel, language = switched.channel, conversation.language
    described = describe_channel(channel, language)
    if channel.state == ChannelState.LEFT:
        return conversation.say_plain(Words.GONE_TOAST, channel=described)
    state = name_state(channel.state, language)
    if switched.is_new or (conversation.is_repeated and channel.switched_by == own):
        return conversation.say_plain(Words.DECIDED_TOAST, channel=described, state=state)
    decider = describe_decider(channel.switched_by, language)
    return conversation.say_plain(
        Words.DECIDED_ALREADY_TOAST, channel=described, state=state, decider=decider
    )


def _describe(update: InChannel) -> SeenChannel:
    return SeenChannel(channel_id=str(update.chat_id), title=update.title, username=update.username)
