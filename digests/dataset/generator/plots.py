"""What happens in a channel on a day: which stories, with which values, told in which posts at what minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial

from digests.dataset.generator.channels import ChannelProfile
from digests.dataset.generator.drawing import Draw
from digests.dataset.generator.rendering import Rendered, Scene, bind, render, turning
from digests.dataset.generator.templates import Story, Variant, read_stories
from digests.dataset.generator.words import Clock

STREAM_PER_DAY = 6
"""Places of a day in the endless row of stories; a quiet day leaves some of them out."""

_WEEKEND_STORIES = 4
_QUIET_STORIES = 3
_QUIET_SHARE = 0.12
_BEFORE_SHARE = 0.7
_AFTER_SHARE = 0.6
_BACKGROUND_SHARE = 0.4

_DAYTIME = (8 * 60, 20 * 60)
_CLOCKED = (10 * 60, 16 * 60 + 30)
"""A story that names an hour is told between the hours of the night and those of the evening that it may name."""
_FIRST_NEWS = (10 * 60, 12 * 60 + 30)
_UNTIL_MAIN_MIN = (40, 150)
_UNTIL_AFTER_MIN = (60, 180)


@dataclass(frozen=True, slots=True)
class Fact:
    """A story's fact as written for that day, and the variables that a post must tell to state it."""

    importance: int
    statement: str
    slots: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A story on a day."""

    story: Story
    scene: Scene
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Draft:
    """A post before it has an id. `minute` is counted from midnight in the channel's zone."""

    plot: Plot
    rendered: Rendered
    author: str
    minute: int
    forwarded_from: str = ""
    is_ad: bool = False
    is_main: bool = False
    original: Draft | None = None

    @property
    def text(self) -> str:
        return self.rendered.text

    def states(self, fact: Fact) -> bool:
        return fact.slots <= self.rendered.slots


def deal(name: str, *, day: date, per_day: int, seed: int) -> list[tuple[Story, int]]:
    """Give the day its share of an endless row in which all stories come before one comes again.

    The second value counts how often the story has come. No other day needs to be known.
    """
    stories = [story for story in read_stories(name) if story.happens_on(day.weekday())]
    dealt: dict[str, tuple[Story, int]] = {}
    for place in range(day.toordinal() * per_day, (day.toordinal() + 1) * per_day):
        round_number, position = divmod(place, len(stories))
        story = Draw(seed, name, len(stories), round_number).shuffled(stories)[position]
        dealt.setdefault(story.key, (story, round_number))
    return list(dealt.values())


def stage(story: Story, *, day: date, draw: Draw) -> Plot:
    """Give a story its values for the day and write down its facts."""
    scene = bind(story.variables, day=day, draw=draw)
    written = [
        (importance, render(sentence, scene, choose=lambda _, bound: draw.below(bound)))
        for importance, sentence in story.facts
    ]
    return Plot(story, scene, tuple(Fact(importance, told.text, told.slots) for importance, told in written))


def news_of(channel: ChannelProfile, day: date, *, seed: int) -> list[Draft]:
    """Write the channel's own news of the day: no reposts, no repeats, no ads."""
    draw = Draw(seed, channel.key, "day", day.isoformat())
    dealt = deal(channel.key, day=day, per_day=STREAM_PER_DAY, seed=seed)
    drafts: list[Draft] = []
    for story, turn in dealt[: _story_count(day, draw)]:
        own = Draw(seed, channel.key, story.key, day.isoformat())
        drafts += _tell(stage(story, day=day, draw=own), channel=channel, turn=turn, draw=own)
    return drafts


def is_quiet(channel: ChannelProfile, day: date, *, seed: int) -> bool:
    """Tell whether little happens that day."""
    return Draw(seed, channel.key, "day", day.isoformat()).chance(_QUIET_SHARE)


def _story_count(day: date, draw: Draw) -> int:
    if draw.chance(_QUIET_SHARE):
        return _QUIET_STORIES
    return _WEEKEND_STORIES if day.weekday() in {5, 6} else STREAM_PER_DAY


def write(
    plot: Plot,
    variant: Variant,
    *,
    channel: ChannelProfile,
    turn: int,
    minute: int,
    draw: Draw,
    is_main: bool = False,
) -> Draft:
    """Write a post in the variant's style, signed by one who writes so. `turn` counts how often it was written."""
    background = [line for line in plot.story.background if is_main and draw.chance(_BACKGROUND_SHARE)]
    template = "\n\n".join([variant.text, *background])
    return Draft(
        plot=plot,
        rendered=render(template, plot.scene, choose=turning(turn, plot.story.key, variant.text)),
        author=channel.author(variant.style, draw.below(2)),
        minute=minute,
        is_main=is_main,
    )


def _tell(plot: Plot, *, channel: ChannelProfile, turn: int, draw: Draw) -> list[Draft]:
    story = plot.story
    write_one = partial(write, plot, channel=channel, draw=draw)
    told: list[Draft] = []
    minute = draw.between(*_window(plot))
    if story.before and draw.chance(_BEFORE_SHARE):
        first = draw.between(*_FIRST_NEWS)
        told.append(write_one(draw.pick(story.before), turn=turn, minute=first))
        minute = first + draw.between(*_UNTIL_MAIN_MIN)
    main, main_turn = story.main[turn % len(story.main)], turn // len(story.main)
    told.append(write_one(main, turn=main_turn, minute=minute, is_main=True))
    if story.after and draw.chance(_AFTER_SHARE):
        minute += draw.between(*_UNTIL_AFTER_MIN)
        told.append(write_one(draw.pick(story.after), turn=turn, minute=minute))
    return told


def _window(plot: Plot) -> tuple[int, int]:
    return _CLOCKED if any(isinstance(value, Clock) for value in plot.scene.values()) else _DAYTIME
