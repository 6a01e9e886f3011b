"""Where the lines and bars go: paths of SVG in a box that is stretched to the room there is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from observability.dashboard.series import Value

STEP_WIDTH = 10.0
HEIGHT = 100.0
BAR_MARGIN = 1.0
ROUND_TOPS = (1.0, 2.0, 5.0, 10.0)
LOWEST_TOP, LOWEST_WHOLE_TOP = 0.001, 1.0  # a millisecond; one of whatever is counted


def find_top(values: Sequence[Value], *, is_whole: bool) -> float:
    """Return a round number that no value exceeds: 1, 2 or 5 times a power of ten."""
    lowest = LOWEST_WHOLE_TOP if is_whole else LOWEST_TOP
    highest = max([lowest, *(value for value in values if value is not None)])
    power = 10.0 ** math.floor(math.log10(highest))
    return next(factor * power for factor in ROUND_TOPS if factor * power >= highest)


def draw_line(values: Sequence[Value], *, top: float) -> str:
    """Return the path of a curve with gaps where there are no values; a value between gaps is a dot."""
    path = []
    is_drawn = False
    for place, value in enumerate(values):
        if value is None:
            is_drawn = False
            continue
        point = f"{(place + 0.5) * STEP_WIDTH:g} {_height_of(value, top):g}"
        path.append(f"L{point}" if is_drawn else f"M{point}h0")
        is_drawn = True
    return "".join(path)


def draw_bars(values: Sequence[Value], *, base: Sequence[float], top: float) -> str:
    """Return the path of bars that stand on `base`, on the layers below."""
    path = []
    for place, (value, below) in enumerate(zip(values, base, strict=True)):
        if not value:
            continue
        left, width = place * STEP_WIDTH + BAR_MARGIN, STEP_WIDTH - 2 * BAR_MARGIN
        upper, lower = _height_of(below + value, top), _height_of(below, top)
        path.append(f"M{left:g} {lower:g}V{upper:g}h{width:g}V{lower:g}z")
    return "".join(path)


def _height_of(value: float, top: float) -> float:
    return round(HEIGHT * (1 - value / top), 2)
