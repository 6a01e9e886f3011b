"""What the admins are told of channels unasked: which one waits for their word, what was decided, who threw Butler out.

Anybody may let the bot into a channel, so no more than some requests an hour reach the admins; the rest wait.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from botgateway.domain.access_notices import describe_decider, find_chat_language, stamp
from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.domain.inbox import find_overdue_moment
from botgateway.domain.notices import file_notice, revise_notice
from botgateway.domain.updates import Sender
from botgateway.domain.windows import admit
from botgateway.wording.access import AccessPhrase
from botgateway.wording.channels import ChannelsPhrase as Words
from botgateway.wording.phrase import say, say_plain
from digests.domain.channels import list_untold, mark_told
from digests.enums import ChannelNews, ChannelState
from digests.models import Channel

log = structlog.get_logger(__name__)

CHANNEL_AREA = "channel"
NOTICES_PER_HOUR = 30
HOUR_S = 3_600
BATCH_CHANNELS = 100  # of a sweep
UNSOLICITED = (ChannelNews.FOUND, ChannelNews.LEFT, ChannelNews.BACK)
STATES = {
    ChannelState.FOUND: Words.STATE_FOUND,
    ChannelState.ON: Words.STATE_ON,
    ChannelState.OFF: Words.STATE_OFF,
    ChannelState.LEFT: Words.STATE_LEFT,
}


def tell_admins(channel: Channel, *, adder: Sender | None = None) -> tuple[str, ...]:
    """Tell what has become of a channel, if they have not been told; return the chats in which notices wait.

    `adder` is who let the bot in, as far as that is known. May be called freely.
    """
    if not channel.untold:
        return ()
    news = ChannelNews(channel.untold)
    if news in UNSOLICITED and _is_too_much(channel):
        return ()
    chats = _tell(channel, news, adder)
    mark_told(channel)
    return chats


def tell_of_all() -> tuple[str, ...]:
    """Make up for what killed processes, the admin site and the hour's limit left untold."""
    chats: tuple[str, ...] = ()
    before = find_overdue_moment()
    for channel in list_untold([ChannelNews.DECIDED], before=before, limit=BATCH_CHANNELS):
        chats += tell_admins(channel)
    for channel in list_untold(UNSOLICITED, before=before, limit=BATCH_CHANNELS):
        filed = tell_admins(channel)
        if not filed and _is_too_much(channel):
            break
        chats += filed
    return chats


def write_settled(channel: Channel, chat_id: str) -> str:
    """Return, as Markdown, what a request comes to in an admins' chat."""
    language = find_chat_language(chat_id)
    described = describe_channel(channel, language)
    if channel.state == ChannelState.LEFT:
        return say(Words.GONE, language=language, channel=described)
    return say(
        Words.DECIDED,
        language=language,
        channel=described,
        state=name_state(channel.state, language),
        decider=describe_decider(channel.switched_by, language),
    )


def describe_channel(channel: Channel, language: str) -> str:
    """Return title, name and id as plain text."""
    title = channel.title or say_plain(Words.UNTITLED, language=language)
    phrase = Words.CHANNEL_WITH_USERNAME if channel.username else Words.CHANNEL
    return say_plain(
        phrase, language=language, title=title, username=channel.username, channel_id=channel.channel_id
    )


def name_state(state: str, language: str) -> str:
    return say_plain(STATES[ChannelState(state)], language=language)


def _tell(channel: Channel, news: ChannelNews, adder: Sender | None) -> tuple[str, ...]:
    if news is ChannelNews.FOUND:
        return _file_requests(channel, adder)
    if news is ChannelNews.DECIDED:
        return _revise_requests(channel)
    chats = _file(channel, news)
    if news is ChannelNews.LEFT and channel.state_before == ChannelState.FOUND:
        chats += _revise_requests(channel)
    return chats


def _file_requests(channel: Channel, adder: Sender | None) -> tuple[str, ...]:
    def write(language: str) -> str:
        text = say(Words.REQUEST, language=language, channel=describe_channel(channel, language))
        if adder is None:
            return text
        return f"{text}\n\n{say(Words.ADDED_BY, language=language, person=_describe_adder(adder, language))}"

    return _file_everywhere(
        lambda chat_id: _request_key(channel, chat_id),
        write,
        lambda language: _request_keyboard(channel, language),
        about_user_id=adder.user_id if adder else "",
    )


def _revise_requests(channel: Channel) -> tuple[str, ...]:
    chats = [
        revise_notice(_request_key(channel, chat_id), text=write_settled(channel, chat_id))
        for chat_id in map(str, settings.ADMIN_CHAT_IDS)
    ]
    return tuple(filter(None, chats))


def _file(channel: Channel, news: ChannelNews) -> tuple[str, ...]:
    """Tell that a channel threw the bot out, or took it in again."""
    is_left = news is ChannelNews.LEFT
    at = stamp(channel.left_at if is_left else channel.added_at)

    def write(language: str) -> str:
        return say(
            Words.LEFT if is_left else Words.BACK,
            language=language,
            channel=describe_channel(channel, language),
            state=name_state(channel.state, language),
        )

    return _file_everywhere(
        lambda chat_id: f"channel-{news.value}:{channel.channel_id}:{at}:{chat_id}", write, lambda _: ()
    )


def _file_everywhere(
    key_of: Callable[[str], str],
    write: Callable[[str], str],
    keyboard_of: Callable[[str], Keyboard],
    *,
    about_user_id: str = "",
) -> tuple[str, ...]:
    chats = []
    for chat_id in map(str, settings.ADMIN_CHAT_IDS):
        language = find_chat_language(chat_id)
        is_new = file_notice(
            key=key_of(chat_id),
            chat_id=chat_id,
            text=write(language),
            keyboard=keyboard_of(language),
            about_user_id=about_user_id,
        )
        chats += [chat_id] if is_new else []
    return tuple(chats)


def _request_key(channel: Channel, chat_id: str) -> str:
    """A request is told from an earlier one about the same channel by when the bot was let in."""
    return f"channel:{channel.channel_id}:{stamp(channel.added_at)}:{chat_id}"


def _request_keyboard(channel: Channel, language: str) -> Keyboard:
    offers = (ChannelState.ON, Words.READ_BUTTON), (ChannelState.OFF, Words.IGNORE_BUTTON)
    return (
        tuple(
            Button(
                say_plain(phrase, language=language), write_action(CHANNEL_AREA, state, channel.channel_id)
            )
            for state, phrase in offers
        ),
    )


def _describe_adder(adder: Sender, language: str) -> str:
    name = adder.first_name or say_plain(AccessPhrase.NAMELESS, language=language)
    phrase = AccessPhrase.PERSON_WITH_USERNAME if adder.username else AccessPhrase.PERSON
    return say_plain(phrase, language=language, name=name, username=adder.username, user_id=adder.user_id)


def _is_too_much(channel: Channel) -> bool:
    at = stamp(channel.left_at if channel.untold == ChannelNews.LEFT else channel.added_at)
    event = f"{channel.channel_id}:{channel.untold}:{at}"
    try:
        return bool(admit("channel-notices", event, limit=NOTICES_PER_HOUR, window_s=HOUR_S))
    except RedisError:
        log.warning("notices not counted", channel_id=channel.channel_id)
        return False
