"""A request's steps as bars on one line of time, each below its parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from observability.spans.reading import Step

US_PER_MS = 1_000
NARROWEST_PERCENT = 0.3  # or a step of a millisecond would not be seen beside one of a minute
DEEPEST = 8  # indented further nothing would be left of a name on a phone


@dataclass(frozen=True, slots=True)
class Bar:
    """A step and its place: `left` and `width` in percent of the whole, `offset_ms` from the whole's beginning."""

    step: Step
    depth: int
    offset_ms: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`has_root` is false while the request is under way, and where a process was killed before its end."""

    bars: list[Bar]
    duration_ms: float
    has_root: bool

    @property
    def failures(self) -> int:
        return sum(bar.step.is_error for bar in self.bars)


def build_waterfall(steps: Sequence[Step]) -> Waterfall:
    """Return a bar for each step: parents before children, siblings by their beginning.

    A step whose parent is not there stands on its own.
    """
    if not steps:
        return Waterfall([], 0.0, has_root=False)
    began_us = min(step.started_us for step in steps)
    whole_us = max(max(step.ended_us for step in steps) - began_us, 1.0)
    bars = [_draw(step, depth, began_us, whole_us) for step, depth in _walk(steps)]
    return Waterfall(bars, whole_us / US_PER_MS, has_root=any(not step.parent_id for step in steps))


def _walk(steps: Sequence[Step]) -> Iterator[tuple[Step, int]]:
    """Yield each step once, with its depth, even if what is stored goes round in circles."""
    known = {step.span_id for step in steps}
    children: dict[str, list[Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda step: (step.started_us, -step.duration_ms)):
        children[step.parent_id if step.parent_id in known else ""].append(step)
    left = {step.span_id: step for step in steps}
    waiting = [(step, 0) for step in reversed(children[""])]
    while left:
        if not waiting:
            waiting.append((next(iter(left.values())), 0))
        step, depth = waiting.pop()
        if left.pop(step.span_id, None) is None:
            continue
        yield step, min(depth, DEEPEST)
        waiting += [(child, depth + 1) for child in reversed(children[step.span_id])]


def _draw(step: Step, depth: int, began_us: int, whole_us: float) -> Bar:
    offset_us = step.started_us - began_us
    width = max(step.duration_ms * US_PER_MS / whole_us * 100, NARROWEST_PERCENT)
    left = min(offset_us / whole_us * 100, 100 - NARROWEST_PERCENT)
    return Bar(step, depth, offset_us / US_PER_MS, left, min(width, 100 - left))
