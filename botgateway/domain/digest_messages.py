"""A digest as a message: its text in Markdown, and the buttons under it. The same for who asks and who subscribes."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date

from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.wording.digests import DigestsPhrase as Words
from botgateway.wording.phrase import say, say_plain
from botgateway.wording.times import say_date
from digests.domain.calendar import DAY
from digests.domain.known_days import KnownDays
from digests.enums import DigestStatus
from digests.models import Channel, Digest
from llm.providers.offline import OfflineProvider

DIGEST_AREA = "digest"
SHOW, SUBSCRIBE, UNSUBSCRIBE = "show", "sub", "unsub"
OUTCOMES = {DigestStatus.EMPTY: Words.EMPTY, DigestStatus.FAILED: Words.FAILED}


def name_channel(channel: Channel) -> str:
    """Return what people call a channel, as plain text."""
    return channel.title or channel.username or channel.channel_id


def write_digest(digest: Digest, channel: Channel, language: str) -> str:
    """Return what a day came to: the digest with a heading, or that there is none."""
    if digest.status != DigestStatus.WRITTEN:
        return write_remark(OUTCOMES[DigestStatus(digest.status)], channel, digest.day, language)
    remarks = {Words.BY_RULES: digest.provider == OfflineProvider.name, Words.MADE_UP: digest.is_synthetic}
    said = [say(remark, language=language) for remark, is_due in remarks.items() if is_due]
    return "\n\n".join([_write_heading(channel, digest.day, language), digest.summary, *said])


def write_remark(phrase: Words, channel: Channel, day: str, language: str) -> str:
    """Return what is said in the place of a day's digest."""
    return f"{_write_heading(channel, day, language)}\n\n{say(phrase, language=language)}"


def build_keyboard(
    channel: Channel, day: date, days: KnownDays, *, is_subscribed: bool, language: str
) -> Keyboard:
    """Return buttons that lead to the days before and after, and one that begins or ends a subscription."""
    earlier, later = day - DAY, day + DAY
    turning = []
    if earlier in days:
        turning.append(Button(f"← {_say_shortly(earlier, language)}", _show(channel, earlier)))
    if later in days:
        turning.append(Button(f"{_say_shortly(later, language)} →", _show(channel, later)))
    return (
        tuple(turning),
        (subscription_button(channel, day, is_subscribed=is_subscribed, language=language),),
    )


def subscription_button(channel: Channel, day: date, *, is_subscribed: bool, language: str) -> Button:
    """Return the button that ends a subscription, or begins one."""
    phrase, verb = Words.SUBSCRIBE_BUTTON, SUBSCRIBE
    if is_subscribed:
        phrase, verb = Words.UNSUBSCRIBE_BUTTON, UNSUBSCRIBE
    action = write_action(DIGEST_AREA, verb, channel.channel_id, day.isoformat())
    return Button(say_plain(phrase, language=language), action)


def day_button(channel: Channel, day: date, language: str) -> Button:
    """Return a button that leads to a day's digest."""
    words = say_plain(Words.OF_DAY_BUTTON, language=language, date=_say_shortly(day, language))
    return Button(words, _show(channel, day))


def _write_heading(channel: Channel, day: str, language: str) -> str:
    said = say_date(date.fromisoformat(day), language=language)
    return say(Words.HEADING, language=language, channel=name_channel(channel), date=said)


def _say_shortly(day: date, language: str) -> str:
    return format_date(day, format="d MMMM", locale=language)


def _show(channel: Channel, day: date) -> str:
    return write_action(DIGEST_AREA, SHOW, channel.channel_id, day.isoformat())
