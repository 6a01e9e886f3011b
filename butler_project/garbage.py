"""Python's search for cycles of garbage, kept off what a process has loaded and never gives up."""

from __future__ import annotations

import gc

# New containers before the youngest are looked through; Python's own 700 are a fraction of what one message makes, so
# that most of what is found then would have gone by itself a moment later.
YOUNGEST = 5_000


def spare_what_is_loaded() -> None:
    """Leave everything that exists now out of every later search: to be called when the process is ready to work.

    Some 300,000 objects of modules, at up to 0.15 s a search, during which all threads wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNGEST, *gc.get_threshold()[1:])
