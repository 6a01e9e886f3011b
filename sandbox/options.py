"""Options of the command line, and where the stand-in refuses to start."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

FALSE_VALUES = frozenset({"", "0", "false", "no", "off", "n", "f"})
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8081


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve; without `data_dir` nothing outlives the process, without `token` any token is the bot."""

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    data_dir: Path | None = None
    token: str = ""
    log_level: str = "INFO"
    has_limits: bool = True


def parse_options(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """Read the command line; exits with status 2 and a message where it refuses."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A stand-in for the Telegram Bot API with a chat page."
    )
    parser.add_argument("--host", default=DEFAULT_HOST, help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 chooses a free port")
    parser.add_argument("--data-dir", type=Path, default=None, help="keep state here; in memory if omitted")
    parser.add_argument("--token", default="", help="accept this bot token only")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--no-limits", action="store_true", help="switch Telegram's flood limits off")
    chosen = parser.parse_args(arguments)
    if environment.get("DEBUG", "unset").strip().lower() in FALSE_VALUES:
        parser.error("the sandbox is for development: it does not start while DEBUG is off (production)")
    if not is_loopback(chosen.host):
        parser.error(
            f"the sandbox has no access control: --host must be a loopback address, not {chosen.host}"
        )
    return Options(
        host=chosen.host,
        port=chosen.port,
        data_dir=chosen.data_dir,
        token=chosen.token,
        log_level=chosen.log_level,
        has_limits=not chosen.no_limits,
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
