"""What the child process may use. Applied by itself, before it looks at the first foreign byte."""

from __future__ import annotations

import os
import resource
import signal
from pathlib import Path

# Address space. The interpreter and its libraries take 30 MB; the hungriest honest file measured (XLSX, 16 MB), 290 MB.
MEMORY_BYTES = 640 * 1024 * 1024
# The same file takes 3 s, on a slow core three times that.
CPU_S = 12
# On a busy machine a file waits for the processor; a person does not wait longer than this.
WALL_CLOCK_S = 30
# Answers to people come first.
_NICENESS = 5
# What the child says before it begins; blank in JSON. Who falls silent after it has been silenced by the file.
READY = b"\n"
# Standard input is the file, output the answer, error the log: the next descriptor would be the fourth.
_DESCRIPTORS = 3


def limit_resources() -> None:
    """Bound memory and time. Exceeding them ends the process by a signal, or raises MemoryError."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(WALL_CLOCK_S)  # should nobody be left to end it
    os.nice(_NICENESS)


def shut_doors() -> None:
    """Forbid to write files and to open anything, be it a file, a socket or a pipe: only what is open stays open."""
    with Path(os.devnull).open("wb") as nowhere:  # a parser's last words may quote the file
        os.dup2(nowhere.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
