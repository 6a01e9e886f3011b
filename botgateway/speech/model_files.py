"""Where the files of a speech model are, and how they get there."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from botgateway.speech.errors import SpeechUnavailable

if TYPE_CHECKING:
    import httpx2

log = structlog.get_logger(__name__)

# Without the tokenizer the library would fetch one from the Hub, of another model, at every start.
NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")

# Per connection, request and block of a download; the Hub's client by itself waits for ever.
HUB_TIMEOUT_S = 20.0


def find_model(name: str, *, models_dir: Path | None, hub_timeout_s: float = HUB_TIMEOUT_S) -> Path:
    """Return the folder of a model's files, fetching them into `models_dir` if they are nowhere.

    `name` is a folder, a size (`small`) or a repository of the Hugging Face Hub; without `models_dir` files are kept
    in the Hub's usual cache. Blocks while fetching, which is minutes for the larger models. Raises `SpeechUnavailable`.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _check_files(folder)
    if folder.is_absolute() or name.startswith("."):
        raise SpeechUnavailable(f"the folder {name} does not exist")
    return _look_up(name, models_dir) or _fetch(name, models_dir, hub_timeout_s)


def measure_folder(folder: Path) -> int:
    """Return the bytes that a model's files take, links followed: the Hub's cache is made of them."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _check_files(folder: Path) -> Path:
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if missing:
        raise SpeechUnavailable(f"the folder {folder} lacks {', '.join(missing)}")
    return folder


def _look_up(name: str, models_dir: Path | None) -> Path | None:
    """Return the folder of a model fetched before, asking nobody else: a start must not depend on the Hub."""
    try:
        return _check_files(_ask_hub(name, models_dir, timeout_s=None))
    except (OSError, SpeechUnavailable):  # never fetched, or only in part
        return None
    except ValueError as error:  # no size the library knows, and no name of a repository either
        raise SpeechUnavailable(str(error)) from error


def _fetch(name: str, models_dir: Path | None, timeout_s: float) -> Path:
    log.info("speech model not here yet, fetching it", model=name)
    started_at = time.monotonic()
    try:
        folder = _ask_hub(name, models_dir, timeout_s=timeout_s)
    # The Hub's client, its HTTP library and the file system raise errors of three trees without a common root.
    except Exception as error:
        raise SpeechUnavailable(f"the model {name} could not be fetched: {type(error).__name__}") from error
    log.info("speech model fetched", model=name, seconds=round(time.monotonic() - started_at, 1))
    return _check_files(folder)


def _ask_hub(name: str, models_dir: Path | None, *, timeout_s: float | None) -> Path:
    """Return the folder of the Hub's cache; without a `timeout_s` the Hub itself is not asked."""
    # Read when the client is imported. Downloads by Xet have no time limit and were seen to stall for hours
    # (huggingface/xet-core issues 869, 883, 898); plain HTTP is fast enough for one file.
    os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from faster_whisper.utils import download_model  # type: ignore[import-untyped]  # noqa: PLC0415  # heavy

    if timeout_s is not None:
        _limit_waiting(timeout_s)
    cache_dir = str(models_dir) if models_dir else None
    return Path(download_model(name, cache_dir=cache_dir, local_files_only=timeout_s is None))


@dataclass(frozen=True)
class _TimeLimit:
    """A hook of the Hub's HTTP client that gives each request a time limit, those that ask for none too."""

    timeout_s: float

    def __call__(self, request: httpx2.Request) -> None:
        request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), self.timeout_s)


def _limit_waiting(timeout_s: float) -> None:
    from huggingface_hub import get_session  # noqa: PLC0415  # heavy

    session = get_session()
    hooks = session.event_hooks
    others = [hook for hook in hooks["request"] if not isinstance(hook, _TimeLimit)]
    session.event_hooks = {**hooks, "request": [*others, _TimeLimit(timeout_s)]}
