"""A whole day: posts by time with their ids, and the facts that they state."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digests.dataset.generator.channels import ChannelProfile
from digests.dataset.generator.drawing import Draw
from digests.dataset.generator.extras import advertisements, repeat_of, repost_into, small_talk
from digests.dataset.generator.plots import Draft, Fact, Plot, is_quiet, news_of
from digests.dataset.generator.values import GoldFact, SyntheticDay, SyntheticPost
from digests.dataset.generator.words import Word

EPOCH = date(2020, 1, 1)
"""Message ids count from here, a hundred for a day."""

LEAST_POSTS = 6
MOST_POSTS = 14

_IDS_PER_DAY = 100
_REPEAT_SHARE = 0.6
_REPOST_SHARE = 0.55
_MOST_ADS = 2
_NUMBER = re.compile(r"\d+(?: \d{3})*(?:[,:]\d+)?")


def generate_day(channel: ChannelProfile, day: date, *, seed: int) -> SyntheticDay:
    """Write the channel's day: the same for the same seed everywhere, and without regard to other days.

    Raises ValueError for a day before `EPOCH`.
    """
    if day < EPOCH:
        raise ValueError(f"the generator knows no days before {EPOCH}")
    drafts = _in_time(_drafts(channel, day, seed=seed))
    first_id = (day - EPOCH).days * _IDS_PER_DAY + 1
    ids = {draft: first_id + at for at, draft in enumerate(drafts)}
    facts = _facts(channel, day, drafts, ids)
    draw = Draw(seed, channel.key, "seconds", day.isoformat())
    posts = tuple(
        _post(draft, channel=channel, day=day, ids=ids, facts=facts, second=draw.below(60))
        for draft in drafts
    )
    return SyntheticDay(channel_key=channel.key, day=day, posts=posts, facts=facts)


def reference_digest(day: SyntheticDay) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Say what a good digest says: each fact's statement with the ids of its posts, the most important first."""
    return tuple((fact.statement, fact.post_ids) for fact in day.facts)


def _drafts(channel: ChannelProfile, day: date, *, seed: int) -> list[Draft]:
    draw = Draw(seed, channel.key, "extras", day.isoformat())
    drafts = news_of(channel, day, seed=seed)
    if draw.chance(_REPOST_SHARE) and (repost := repost_into(channel, day, seed=seed, draw=draw)):
        drafts.append(repost)
    if draw.chance(_REPEAT_SHARE):
        drafts.append(repeat_of(draw.pick([draft for draft in drafts if draft.is_main]), draw=draw))
    room = MOST_POSTS - len(drafts)
    ads = 0 if is_quiet(channel, day, seed=seed) else draw.between(0, _MOST_ADS)
    drafts += advertisements(channel, day, seed=seed, count=min(ads, room))
    talk = max(draw.between(1, 2), LEAST_POSTS - len(drafts))
    return drafts + small_talk(channel, day, seed=seed, count=min(talk, MOST_POSTS - len(drafts)))


def _in_time(drafts: list[Draft]) -> list[Draft]:
    """Order by time, a minute for each; what repeats follows its original."""
    placed: list[Draft] = []
    moved: dict[Draft, Draft] = {}
    for draft in sorted(drafts, key=lambda draft: draft.minute):
        minute = max(draft.minute, placed[-1].minute + 1) if placed else draft.minute
        original = moved[draft.original] if draft.original else None
        moved[draft] = replace(draft, minute=minute, original=original)
        placed.append(moved[draft])
    return placed


def _facts(
    channel: ChannelProfile, day: date, drafts: list[Draft], ids: dict[Draft, int]
) -> tuple[GoldFact, ...]:
    """Collect what the posts state; a fact that no post of the day states is nobody's loss."""
    stated: list[tuple[Plot, Fact, tuple[int, ...]]] = []
    for plot in dict.fromkeys(draft.plot for draft in drafts):
        for fact in plot.facts:
            told = tuple(ids[draft] for draft in drafts if draft.plot is plot and draft.states(fact))
            if told:
                stated.append((plot, fact, told))
    stated.sort(key=lambda found: (-found[1].importance, found[2][0]))
    prefix = f"{channel.key}-{day:%Y%m%d}"
    return tuple(
        _gold(f"{prefix}-{at:02}", plot, fact, told) for at, (plot, fact, told) in enumerate(stated, start=1)
    )


def _gold(fact_id: str, plot: Plot, fact: Fact, told: tuple[int, ...]) -> GoldFact:
    words = [plot.scene[slot] for slot in sorted(fact.slots)]
    names = [word.stem for word in words if isinstance(word, Word) and word.stem]
    return GoldFact(
        fact_id=fact_id,
        statement=fact.statement,
        post_ids=told,
        importance=fact.importance,
        numbers=tuple(dict.fromkeys(_NUMBER.findall(fact.statement))),
        names=tuple(dict.fromkeys(names)),
    )


def _post(
    draft: Draft,
    *,
    channel: ChannelProfile,
    day: date,
    ids: dict[Draft, int],
    facts: tuple[GoldFact, ...],
    second: int,
) -> SyntheticPost:
    message_id = ids[draft]
    midnight = datetime.combine(day, time(), ZoneInfo(channel.time_zone))
    types_yo = draft.author not in channel.plain_e
    return SyntheticPost(
        message_id=message_id,
        posted_at=midnight + timedelta(minutes=draft.minute, seconds=second),
        text=draft.text if types_yo else draft.text.replace("ё", "е").replace("Ё", "Е"),
        author=draft.author,
        forwarded_from=draft.forwarded_from,
        is_ad=draft.is_ad,
        repeats=ids[draft.original] if draft.original else None,
        fact_ids=tuple(fact.fact_id for fact in facts if message_id in fact.post_ids),
    )
