"""What a process is called among the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

NAME_OPTIONS = ("-n", "--hostname")
WEB, WORKER, BOT, BEAT = "web", "worker", "bot", "beat"


def find_process_name(arguments: Sequence[str]) -> str:
    """Return `web`, `bot`, `beat`, a worker's own name or `worker`, a management command's name; else nothing.

    `arguments` are `sys.argv`. A worker's own name is the one that `-n` gives it, up to the @.
    """
    program, *rest = arguments or [""]
    path = PurePath(program)
    called = path.parent.name if path.name == "__main__.py" else path.name
    if called == "gunicorn":
        return WEB
    if called == "celery":
        return _find_node_name(rest) if WORKER in rest else (BEAT if BEAT in rest else "")
    if called == "manage.py" and rest:
        return BOT if rest[0] == "runbot" else rest[0]
    return ""


def _find_node_name(options: Sequence[str]) -> str:
    for option, value in zip(options, [*options[1:], ""], strict=True):
        if option in NAME_OPTIONS:
            return value.partition("@")[0] or WORKER
        for long_name in NAME_OPTIONS:
            if option.startswith(f"{long_name}="):
                return option.partition("=")[2].partition("@")[0] or WORKER
    return WORKER
