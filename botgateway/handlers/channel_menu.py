"""A list of channels as buttons, in pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from botgateway.domain.buttons import Button, Keyboard
from botgateway.domain.digest_messages import name_channel
from botgateway.handlers.preferences import tick
from digests.models import Channel

PAGE_CHANNELS = 8
LABEL_MAX_CHARS = 40  # what a telephone shows of a button
MOST_PAGE_DIGITS = 4


def build_channel_menu(
    channels: Sequence[Channel],
    page: int,
    *,
    take: Callable[[Channel], str],
    turn: Callable[[int], str],
    is_ticked: Callable[[Channel], bool] = lambda _: False,
) -> Keyboard:
    """Return one page, the last one if there are fewer; `take` and `turn` write the buttons' actions.

    Channels of the same name are told apart by what else they are called.
    """
    last = max(0, (len(channels) - 1) // PAGE_CHANNELS)
    page = min(page, last)
    names = Counter(map(_say_name, channels))
    rows = []
    for channel in channels[page * PAGE_CHANNELS : (page + 1) * PAGE_CHANNELS]:
        has_namesake = names[_say_name(channel)] > 1
        label = label_channel(channel, is_ticked=is_ticked(channel), has_namesake=has_namesake)
        rows.append((Button(label, take(channel)),))
    earlier = [Button(f"← {page}", turn(page - 1))] if page else []
    later = [Button(f"{page + 2} →", turn(page + 1))] if page < last else []
    return (*rows, (*earlier, *later))


def label_channel(channel: Channel, *, is_ticked: bool = False, has_namesake: bool = False) -> str:
    """Return what stands on a channel's button."""
    words = tick(_say_name(channel), is_chosen=is_ticked)
    address = f" (@{channel.username})" if channel.username else f" ({channel.channel_id})"
    end = address if has_namesake else ""
    most = LABEL_MAX_CHARS - len(end)
    return words + end if len(words) <= most else words[: most - 1].rstrip() + "…" + end


def read_page(text: str) -> int:
    """Return the number of a page as a button carries it, counted from zero."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_PAGE_DIGITS else 0


def _say_name(channel: Channel) -> str:
    return " ".join(name_channel(channel).split())
