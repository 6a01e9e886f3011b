"""A way for another thread to end a call that waits for its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancellation:
    """Shared by whoever waits for an answer and whoever may stop wanting it.

    `asked` is set once it is not wanted any more. A connection that is being read from is guarded by its `abort`, which
    is called in the thread that cancels; it must neither block nor raise.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._abort: Callable[[], None] | None = None

    def cancel(self) -> None:
        """Say that the answer is not wanted any more; from any thread, as often as one likes."""
        with self._lock:
            self.asked.set()
            if self._abort is not None:
                self._abort()

    def guard(self, abort: Callable[[], None]) -> None:
        """Have `abort` called when the answer is not wanted any more, at once if that is so already."""
        with self._lock:
            self._abort = abort
            if self.asked.is_set():
                abort()

    def release(self) -> None:
        """Call nothing from now on: the connection may serve somebody else."""
        with self._lock:
            self._abort = None
