"""Run the child process and hear its answer, trusting neither."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore, Timer
from typing import IO, Any, BinaryIO, cast

from botgateway.extraction.confinement import READY, WALL_CLOCK_S
from botgateway.extraction.errors import Broken, ExtractorFailed, TooHeavy
from botgateway.extraction.kinds import Kind

_PROJECT_DIR = Path(__file__).resolve().parents[2]
# No setting, password or token of ours: nothing to be stolen by a parser that has been taken over.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
# A worker answers many chats at once; its machine cannot read as many files at once.
_SLOTS = BoundedSemaphore(2)
# A character takes four bytes at most, in JSON too: controls are gone, and a quote takes two.
_BYTES_PER_CHAR = 4
_FRAME_BYTES = 1024
# How the limits end a process: time, memory (allocators give up with an abort or a trap), and the kernel's own choice.
_SIGNALS_OF_LIMITS = frozenset(
    {signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL, signal.SIGABRT, signal.SIGTRAP, signal.SIGILL}
)


def ask_child(file: BinaryIO, kind: Kind, max_chars: int, *, time_s: float = WALL_CLOCK_S) -> dict[str, Any]:
    """Have `file` read by a child process and return its answer; raise TooHeavy, Broken or ExtractorFailed."""
    limit = max_chars * _BYTES_PER_CHAR + _FRAME_BYTES
    with _SLOTS:
        output, exit_code = _run(file, kind, max_chars, limit, time_s)
    if len(output) > limit or -exit_code in _SIGNALS_OF_LIMITS:
        raise TooHeavy(kind)
    if exit_code < 0:
        raise Broken(kind)
    if exit_code > 0 and output.startswith(READY):
        raise TooHeavy(kind)
    if exit_code > 0:
        raise ExtractorFailed(f"exit code {exit_code}")
    try:
        answer: dict[str, Any] = json.loads(output)
    except ValueError as error:
        raise Broken(kind) from error
    return answer


def _run(file: BinaryIO, kind: Kind, max_chars: int, limit: int, time_s: float) -> tuple[bytes, int]:
    command = [sys.executable, "-s", "-m", "botgateway.extraction", kind.value, str(max_chars)]
    child = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, env=_ENVIRONMENT, cwd=_PROJECT_DIR)
    clock = Timer(time_s, child.kill)
    clock.start()
    with child:
        try:
            output = cast("IO[bytes]", child.stdout).read(limit + 1)
            if len(output) > limit:
                child.kill()
            return output, child.wait()
        finally:
            child.kill()
            clock.cancel()
