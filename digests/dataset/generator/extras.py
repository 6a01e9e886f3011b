"""What makes a day harder to digest: small talk, advertisements, repeats and reposts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digests.dataset.generator.channels import CHANNELS, ChannelProfile
from digests.dataset.generator.drawing import Draw
from digests.dataset.generator.plots import Draft, Plot, deal, news_of, stage, write
from digests.dataset.generator.rendering import Rendered
from digests.dataset.generator.words import SYNONYMS

_MORNING = (6 * 60 + 30, 8 * 60 + 30)
_NIGHT = (22 * 60, 23 * 60 + 10)
_DAYTIME = (9 * 60, 21 * 60)
_REPEAT_AFTER_MIN = (35, 170)
_REPOST_AFTER_MIN = (10, 90)
_LATEST_MINUTE = 23 * 60 + 20
_MARKED_SHARE = 0.65
_OPENING_SHARE = 0.4
_MOST_SYNONYMS = 3
_WORDS_FOR_A_SYNONYM = 10
_WORD = re.compile(r"\w+")
_SYNONYM = re.compile(rf"\b(?:{'|'.join(SYNONYMS)})\b")
_ERID_LETTERS = "23456789abcdefghkmnpqrstuvwxyz"
_OPENINGS = (
    "Напоминаем: ",
    "Повторяем для тех, кто пропустил. ",
    "Ещё раз. ",
    "Главное за сегодня. ",
    "Вернёмся к теме. ",
    "Коротко о важном. ",
)


def small_talk(channel: ChannelProfile, day: date, *, seed: int, count: int) -> list[Draft]:
    """Write posts without any fact: greetings, polls, captions."""
    drafts: list[Draft] = []
    for story, turn in deal(f"{channel.key}_talk", day=day, per_day=4, seed=seed)[:count]:
        draw = Draw(seed, channel.key, story.key, day.isoformat())
        window = _MORNING if "morning" in story.key else _NIGHT if "night" in story.key else _DAYTIME
        variant = story.main[turn % len(story.main)]
        plot = stage(story, day=day, draw=draw)
        minute = draw.between(*window)
        drafts.append(write(plot, variant, channel=channel, turn=turn, minute=minute, draw=draw))
    return drafts


def advertisements(channel: ChannelProfile, day: date, *, seed: int, count: int) -> list[Draft]:
    """Write ads, most of them with the mark that the law asks for."""
    channel_seed = Draw(seed, channel.key, "ads").below(1 << 30)
    drafts: list[Draft] = []
    for story, turn in deal("ads", day=day, per_day=2, seed=channel_seed)[:count]:
        draw = Draw(seed, channel.key, story.key, day.isoformat())
        plot = stage(story, day=day, draw=draw)
        minute = draw.between(*_DAYTIME)
        draft = write(plot, story.main[0], channel=channel, turn=turn, minute=minute, draw=draw)
        mark = _legal_mark(plot, draw) if "legal" in plot.scene and draw.chance(_MARKED_SHARE) else ""
        drafts.append(replace(draft, rendered=_reworded(draft, draft.text + mark), is_ad=True))
    return drafts


def _legal_mark(plot: Plot, draw: Draw) -> str:
    """A taxpayer's number that begins with 00 is of no region, an erid with "syn" is of no register."""
    number = f"00{Draw('taxpayer', plot.story.key).between(10_000_000, 99_999_999)}"
    token = "syn" + "".join(draw.pick(_ERID_LETTERS) for _ in range(12))
    return f"\n\nРеклама. {plot.scene['legal'].form('n')}, ИНН {number}, erid: {token}"


def repeat_of(draft: Draft, *, draw: Draw) -> Draft:
    """Write the post again a while later: other words for some, perhaps an opening, the same facts."""
    minute = min(draft.minute + draw.between(*_REPEAT_AFTER_MIN), _LATEST_MINUTE)
    text = _with_synonyms(draft.text)
    if text == draft.text or draw.chance(_OPENING_SHARE):
        text = draw.pick(_OPENINGS) + text
    return replace(draft, rendered=_reworded(draft, text), minute=minute, is_main=False, original=draft)


def _with_synonyms(text: str) -> str:
    """Put other words for up to `_MOST_SYNONYMS`; a short post is left more of its own."""
    room = min(_MOST_SYNONYMS, len(_WORD.findall(text)) // _WORDS_FOR_A_SYNONYM)
    return _SYNONYM.sub(lambda found: SYNONYMS[found[0]], text, count=room) if room else text


def _reworded(draft: Draft, text: str) -> Rendered:
    return replace(draft.rendered, text=text)


def repost_into(channel: ChannelProfile, day: date, *, seed: int, draw: Draw) -> Draft | None:
    """Take over a news item of another channel, after it was posted there; None if it came too late that day."""
    source = draw.pick([other for other in CHANNELS if other.key != channel.key])
    candidates = _worth_sharing(news_of(source, day, seed=seed))
    if not candidates:
        return None
    draft = draw.pick(candidates)
    minute = _local_minute(draft.minute, day, source, channel) + draw.between(*_REPOST_AFTER_MIN)
    if not 0 <= minute <= _LATEST_MINUTE:
        return None
    return replace(draft, minute=minute, forwarded_from=source.title, is_main=False)


def _worth_sharing(drafts: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in drafts if draft.is_main and any(map(draft.states, draft.plot.facts))]


def _local_minute(minute: int, day: date, source: ChannelProfile, target: ChannelProfile) -> int:
    midnight = datetime.combine(day, time(), ZoneInfo(source.time_zone))
    local = (midnight + timedelta(minutes=minute)).astimezone(ZoneInfo(target.time_zone))
    start = datetime.combine(day, time(), ZoneInfo(target.time_zone))
    return int((local.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds()) // 60
