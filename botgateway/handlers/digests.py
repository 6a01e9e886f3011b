"""/digest: what was in a channel on a day. Written already it is shown, else it is written while the person waits."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from botgateway import metrics
from botgateway.delivery.typing_sign import typing_shown
from botgateway.domain import limits
from botgateway.domain.buttons import Keyboard, write_action
from botgateway.domain.digest_delivery import unsubscribe
from botgateway.domain.digest_messages import (
    DIGEST_AREA,
    SHOW,
    SUBSCRIBE,
    UNSUBSCRIBE,
    build_keyboard,
    day_button,
    name_channel,
    write_digest,
    write_remark,
)
from botgateway.handlers.channel_menu import build_channel_menu, read_page
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.zones import say_hour
from botgateway.wording.digests import DigestsPhrase as Words
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.times import say_date
from digests.domain import channels, subscriptions, writing
from digests.domain.calendar import DAY
from digests.domain.channels import TOLD_OF
from digests.domain.due import FIRST_PAUSE
from digests.domain.edits import count_edited
from digests.domain.known_days import KnownDays, find_known_days, find_latest_written, may_be_unread
from digests.domain.orders import read_digest_order
from digests.enums import ChannelState, DigestStatus
from digests.errors import OrderUnreadable, UnknownChannel
from digests.models import Channel, Digest
from leases import LeaseTaken, holding
from llm.catalogue import find_route
from llm.chain import configured_chain

PAGE, ALIKE = "page", "alike"
LATEST = ""  # in a button's action


def handle_digest(conversation: Conversation) -> Handled:
    """Show the channels, or the digest that was ordered: `[channel] [day]`."""
    argument = conversation.message.argument
    if not argument:
        return _show_channels(conversation, 0)
    try:
        order = read_digest_order(argument, now=timezone.now())
    except UnknownChannel:
        return answer_with(conversation, Words.NO_SUCH_CHANNEL)
    except OrderUnreadable:
        return answer_with(conversation, Words.BAD_DAY)
    if order.choice:
        return _offer(conversation, list(order.choice), 0, name=order.name, day=order.day)
    if order.channel is None:
        return _show_channels(conversation, 0, day=order.day)
    return _show_day(conversation, order.channel, order.day)


def handle_digest_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Turn a page, show a day, or begin or end a subscription under a digest."""
    try:
        match arguments:
            case [verb, number, day] if verb == PAGE:
                return _show_channels(conversation, read_page(number), day=_read_day(day))
            case [verb, number, day, channel_id, length] if verb == ALIKE:
                return _turn_offer(conversation, read_page(number), _read_day(day), channel_id, int(length))
            case [verb, channel_id, day] if verb == SHOW:
                return _show_day(conversation, _find_told(channel_id), _read_day(day))
            case [verb, channel_id, day] if verb in (SUBSCRIBE, UNSUBSCRIBE):
                return _switch_subscription(conversation, verb, channel_id, date.fromisoformat(day))
    except (UnknownChannel, ValueError):
        pass
    return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))


def _show_channels(conversation: Conversation, page: int, *, day: date | None = None) -> Handled:
    known = channels.list_read()
    if not known:
        return answer_with(conversation, Words.NO_CHANNELS)
    wanted = _write_day(day)
    keyboard = build_channel_menu(
        known,
        page,
        take=lambda channel: write_action(DIGEST_AREA, SHOW, channel.channel_id, wanted),
        turn=lambda number: write_action(DIGEST_AREA, PAGE, number, wanted),
    )
    return Handled(message_ids=conversation.answer.deliver(conversation.say(Words.CHOOSE), keyboard))


def _offer(
    conversation: Conversation, found: list[Channel], page: int, *, name: str, day: date | None
) -> Handled:
    """Show the channels that a name fits; a button cannot carry it, but a title that begins with it and its length."""
    wanted, first, length = _write_day(day), found[0].channel_id, len(channels.fold_title(name))
    keyboard = build_channel_menu(
        found,
        page,
        take=lambda channel: write_action(DIGEST_AREA, SHOW, channel.channel_id, wanted),
        turn=lambda number: write_action(DIGEST_AREA, ALIKE, number, wanted, first, length),
    )
    said = say_date(day, language=conversation.language) if day else ""
    text = conversation.say(Words.SEVERAL_OF_DAY if day else Words.SEVERAL, date=said)
    return Handled(message_ids=conversation.answer.deliver(text, keyboard))


def _turn_offer(
    conversation: Conversation, page: int, day: date | None, channel_id: str, length: int
) -> Handled:
    """Show another page of the channels that a name fits. Raises `UnknownChannel` if none does any more."""
    name = channels.fold_title(_find_told(channel_id).title)[:length]
    found = channels.match_channels(name)
    if not found:
        raise UnknownChannel(channel_id)
    return _offer(conversation, found, page, name=name, day=day)


def _show_day(conversation: Conversation, channel: Channel, day: date | None) -> Handled:
    """Show a day's digest, the latest's if no day is named; write it if it can be written."""
    days = find_known_days(channel, now=timezone.now())
    wanted = day or days.latest
    digest = writing.find_digest(channel.channel_id, wanted)
    if digest is None or digest.status == DigestStatus.FAILED:
        if (phrase := _find_obstacle(channel, wanted, days)) is not None:
            return _say_why_not(conversation, channel, phrase, wanted, days)
        if digest is None or timezone.now() - digest.updated_at > FIRST_PAUSE:
            written = _write(conversation, channel, wanted)
            if isinstance(written, Words):
                return answer_with(conversation, written)
            digest = written
    return _show(conversation, channel, digest, days)


def _show(
    conversation: Conversation, channel: Channel, digest: Digest, days: KnownDays, *, toast: str = ""
) -> Handled:
    day = date.fromisoformat(digest.day)
    is_subscribed = subscriptions.find_subscription(conversation.user_id, channel.channel_id) is not None
    keyboard: Keyboard = ()
    if is_subscribed or channel.state == ChannelState.ON:
        keyboard = build_keyboard(
            channel, day, days, is_subscribed=is_subscribed, language=conversation.language
        )
    text = write_digest(digest, channel, conversation.language)
    if edited := count_edited(digest):
        text += f"\n\n{conversation.say(Words.EDITED_SINCE, count=str(edited))}"
    return Handled(message_ids=conversation.answer.deliver(text, keyboard), toast=toast)


def _find_obstacle(channel: Channel, day: date, days: KnownDays) -> Words | None:
    """Return what stands in the way of writing a day's digest."""
    if channel.state == ChannelState.LEFT:
        return Words.GONE
    if day > days.today:
        return Words.NOT_YET
    if day == days.today:
        return Words.NOT_TODAY
    is_known = day in days and not may_be_unread(channel, day)
    return None if is_known else Words.UNKNOWN_DAY


def _say_why_not(
    conversation: Conversation, channel: Channel, phrase: Words, day: date, days: KnownDays
) -> Handled:
    """Say why there is no digest, and offer the latest there is."""
    offered = days.today - DAY if phrase is Words.NOT_TODAY else find_latest_written(channel)
    is_there = offered is not None and (phrase is not Words.NOT_TODAY or offered in days)
    keyboard = ((day_button(channel, offered, conversation.language),),) if offered and is_there else ()
    said = say_date(day, language=conversation.language)
    text = conversation.say(phrase, channel=name_channel(channel), date=said)
    return Handled(message_ids=conversation.answer.deliver(text, keyboard))


def _write(conversation: Conversation, channel: Channel, day: date) -> Digest | Words:
    """Write a digest, and say meanwhile that it is being written; return it, or why it is not."""
    refusal = limits.admit(conversation.user_id, question_key=str(conversation.update.pk))
    if refusal is not None:
        metrics.LIMITED_QUESTIONS.labels("budget" if refusal.is_budget else "rate").inc()
        return Words.DAY_SPENT if refusal.is_budget else Words.TOO_FAST
    try:
        with holding(writing.lease_key(channel.channel_id, day)):
            return _write_shown(conversation, channel, day)
    except LeaseTaken:
        return Words.BEING_WRITTEN


def _write_shown(conversation: Conversation, channel: Channel, day: date) -> Digest:
    text = write_remark(Words.WRITING, channel, day.isoformat(), conversation.language)
    conversation.answer.deliver(text)  # the digest takes the place of this
    with typing_shown(conversation.client, conversation.incoming.chat_id):
        return writing.write_digest(
            channel, day, chain=configured_chain(find_route("")), trace_id=conversation.trace_id
        )


def _switch_subscription(conversation: Conversation, verb: str, channel_id: str, day: date) -> Handled:
    """Begin or end a subscription, and show the digest again with the other button."""
    channel = channels.get_channel(channel_id)
    digest = writing.find_digest(channel_id, day)
    if verb == UNSUBSCRIBE:
        unsubscribe(conversation.user_id, channel_id)
        toast = conversation.say_plain(Words.UNSUBSCRIBED_TOAST)
    elif channel.state == ChannelState.ON:
        made = subscriptions.subscribe(conversation.user_id, channel, now=timezone.now())
        slots = say_hour(made.subscription, conversation.language)
        toast = conversation.say_plain(Words.SUBSCRIBED_TOAST, **slots)
    else:
        raise UnknownChannel(channel_id)
    if digest is None:
        return Handled(message_ids=[], toast=toast)
    return _show(conversation, channel, digest, find_known_days(channel, now=timezone.now()), toast=toast)


def _find_told(channel_id: str) -> Channel:
    """Return a channel of which people may know. Raises `UnknownChannel`."""
    channel = channels.get_channel(channel_id)
    if channel.state not in TOLD_OF:
        raise UnknownChannel(channel_id)
    return channel


def _write_day(day: date | None) -> str:
    return day.isoformat() if day else LATEST


def _read_day(text: str) -> date | None:
    """Raises `ValueError`."""
    return date.fromisoformat(text) if text != LATEST else None
