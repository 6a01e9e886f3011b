"""/subscribe and /unsubscribe: whose digests come every day, and at which hour."""

from __future__ import annotations

from django.utils import timezone

from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.domain.digest_delivery import unsubscribe
from botgateway.domain.digest_messages import name_channel
from botgateway.handlers.channel_menu import build_channel_menu, label_channel, read_page
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.preferences import tick
from botgateway.handlers.zones import say_hour
from botgateway.wording.digests import DigestsPhrase as Words
from botgateway.wording.general import GeneralPhrase
from digests.domain import channels, subscriptions
from digests.domain.orders import read_subscription_order
from digests.domain.subscriptions import HOURS
from digests.enums import ChannelState
from digests.errors import OrderUnreadable, UnknownChannel
from digests.models import Channel, Subscription

SUBSCRIPTION_AREA = "subscription"
PAGE, TAKE, HOUR, END, DROP = "page", "take", "hour", "end", "drop"
HOURS_IN_A_ROW = 6


def handle_subscribe(conversation: Conversation) -> Handled:
    """Show the channels, or subscribe to the one named: `channel [hour]`."""
    argument = conversation.message.argument
    if not argument:
        return _show_channels(conversation, 0)
    try:
        order = read_subscription_order(argument)
    except UnknownChannel:
        return answer_with(conversation, Words.UNKNOWN_CHANNEL)
    except OrderUnreadable:
        return answer_with(conversation, Words.BAD_HOUR)
    if order.hour is not None and order.hour not in HOURS:
        return answer_with(conversation, Words.BAD_HOUR)
    return _subscribe(conversation, order.channel, order.hour)


def handle_unsubscribe(conversation: Conversation) -> Handled:
    """Show what the person is subscribed to, or end the subscription named."""
    argument = conversation.message.argument
    if not argument:
        return _show_own(conversation)
    try:  # one that is not read any more may still be subscribed to
        channel = channels.find_channel(argument, states=tuple(ChannelState))
    except UnknownChannel:
        return answer_with(conversation, Words.UNKNOWN_CHANNEL)
    if subscriptions.find_subscription(conversation.user_id, channel.channel_id) is None:
        is_told = channel.state in channels.TOLD_OF
        phrase = Words.NOT_SUBSCRIBED if is_told else Words.UNKNOWN_CHANNEL
        return answer_with(conversation, phrase, channel=name_channel(channel))
    return _end(conversation, channel)


def handle_subscription_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Turn a page, subscribe, name an hour, or end a subscription, here or in the list of one's own."""
    try:
        match arguments:
            case [verb, number] if verb == PAGE:
                return _show_channels(conversation, read_page(number))
            case [verb, channel_id] if verb == TAKE:
                return _subscribe(conversation, channels.get_channel(channel_id), None)
            case [verb, channel_id, hour] if verb == HOUR and hour in map(str, HOURS):
                return _subscribe(conversation, channels.get_channel(channel_id), int(hour))
            case [verb, channel_id] if verb == END:
                return _end(conversation, channels.get_channel(channel_id))
            case [verb, channel_id] if verb == DROP:
                unsubscribe(conversation.user_id, channel_id)
                return _show_own(conversation, toast=conversation.say_plain(Words.UNSUBSCRIBED_TOAST))
    except UnknownChannel:
        pass
    return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))


def _show_channels(conversation: Conversation, page: int) -> Handled:
    known = channels.list_read()
    if not known:
        return answer_with(conversation, Words.NO_CHANNELS)
    own = {channel.channel_id for _, channel in subscriptions.list_subscriptions(conversation.user_id)}
    keyboard = build_channel_menu(
        known,
        page,
        take=lambda channel: write_action(SUBSCRIPTION_AREA, TAKE, channel.channel_id),
        turn=lambda number: write_action(SUBSCRIPTION_AREA, PAGE, number),
        is_ticked=lambda channel: channel.channel_id in own,
    )
    text = conversation.say(Words.CHOOSE_SUBSCRIPTIONS)
    return Handled(message_ids=conversation.answer.deliver(text, keyboard))


def _subscribe(conversation: Conversation, channel: Channel, hour: int | None) -> Handled:
    """Subscribe to a channel that is read, and show the hours."""
    if channel.state == ChannelState.LEFT:
        return answer_with(conversation, Words.GONE, channel=name_channel(channel))
    if channel.state != ChannelState.ON:
        raise UnknownChannel(channel.channel_id)
    made = subscriptions.subscribe(conversation.user_id, channel, now=timezone.now(), hour=hour)
    slots = say_hour(made.subscription, conversation.language)
    text = conversation.say(Words.SUBSCRIBED, channel=name_channel(channel), **slots)
    keyboard = _hours_keyboard(conversation, made.subscription)
    return Handled(message_ids=conversation.answer.deliver(text, keyboard))


def _hours_keyboard(conversation: Conversation, subscription: Subscription) -> Keyboard:
    channel_id = subscription.channel_id
    hours = [
        Button(
            tick(str(hour), is_chosen=hour == subscription.hour),
            write_action(SUBSCRIPTION_AREA, HOUR, channel_id, hour),
        )
        for hour in HOURS
    ]
    rows = [tuple(hours[start : start + HOURS_IN_A_ROW]) for start in HOURS[::HOURS_IN_A_ROW]]
    end = Button(
        conversation.say_plain(Words.UNSUBSCRIBE_BUTTON), write_action(SUBSCRIPTION_AREA, END, channel_id)
    )
    back = Button(
        conversation.say_plain(Words.ALL_SUBSCRIPTIONS_BUTTON), write_action(SUBSCRIPTION_AREA, PAGE, 0)
    )
    return (*rows, (end, back))


def _end(conversation: Conversation, channel: Channel) -> Handled:
    unsubscribe(conversation.user_id, channel.channel_id)
    return answer_with(conversation, Words.UNSUBSCRIBED, channel=name_channel(channel))


def _show_own(conversation: Conversation, *, toast: str = "") -> Handled:
    own = subscriptions.list_subscriptions(conversation.user_id)
    if not own:
        text = conversation.say(Words.NO_SUBSCRIPTIONS)
        return Handled(message_ids=conversation.answer.deliver(text), toast=toast)
    lines = [
        conversation.say(
            Words.OWN_SUBSCRIPTION,
            channel=name_channel(channel),
            **say_hour(subscription, conversation.language),
        )
        for subscription, channel in own
    ]
    text = f"{conversation.say(Words.OWN_SUBSCRIPTIONS)}\n\n" + "\n".join(lines)
    keyboard = tuple(
        (
            Button(
                label_channel(channel, is_ticked=True),
                write_action(SUBSCRIPTION_AREA, DROP, channel.channel_id),
            ),
        )
        for _, channel in own
    )
    return Handled(message_ids=conversation.answer.deliver(text, keyboard), toast=toast)
