"""One supervisor for one data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from butler_project.supervisor.errors import StartError


@contextmanager
def hold_lock(data_dir: Path) -> Iterator[None]:
    """Keep `data_dir` for this process. Raises StartError, with the other's process id, when it is taken.

    The kernel gives the lock back when the process ends, however it ends: there is no stale lock.
    """
    path = data_dir / "run" / "supervisor.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock_file.seek(0)
            pid = lock_file.read().strip() or "unknown"
            raise StartError(
                f"Butler is already running on {data_dir} (process {pid}). "
                "Stop it first, or set DATA_DIR and WEB_PORT for a second one."
            ) from None
        lock_file.truncate(0)
        lock_file.write(f"{os.getpid()}\n")
        lock_file.flush()
        yield
