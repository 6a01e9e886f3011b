"""What a benchmark ran on: the machine and the libraries, without names that tell whose machine it is."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGES = ("Django", "numpy", "openai", "google-genai", "rouge-score-rs", "sacrebleu", "snowballstemmer")
_CPU_INFO = Path("/proc/cpuinfo")
_GIBIBYTE = 2**30


@dataclass(frozen=True, slots=True)
class Environment:
    hardware: Mapping[str, str]
    libraries: Mapping[str, str]


def describe_environment() -> Environment:
    """Ask the system; what it does not tell is left out."""
    hardware = {
        "processor": _processor(),
        "cores": str(os.cpu_count() or ""),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    libraries = {"Python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    return Environment(_told(hardware), _told(libraries))


def _processor() -> str:
    if not _CPU_INFO.exists():
        return platform.processor()
    lines = _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _memory() -> str:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return ""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / _GIBIBYTE:.1f} GiB"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _told(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
