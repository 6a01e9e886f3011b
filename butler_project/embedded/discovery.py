"""Where the servers that `make run` started are found by the settings of every other process."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import environ
from environ.fileaware_mapping import FileAwareMapping

PROJECT_DIR = Path(__file__).resolve().parents[2]
PRIVATE_MODE = 0o600


@dataclass(frozen=True)
class Endpoints:
    """Addresses of embedded servers and of the sandbox; None for what was not started."""

    mongodb_url: str | None = None
    redis_url: str | None = None
    telegram_api_url: str | None = None
    telegram_bot_token: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What has to be started beside Butler's own processes, because no address was configured for it."""

    mongodb: bool
    redis: bool
    sandbox: bool


def endpoints_path(data_dir: Path) -> Path:
    return data_dir / "run" / "endpoints.json"


def write_endpoints(data_dir: Path, endpoints: Endpoints) -> None:
    """Store `endpoints` for other processes; a reader sees the old file or the new one, never a half."""
    path = endpoints_path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=PRIVATE_MODE)
    draft.write_text(json.dumps(asdict(endpoints), indent=2) + "\n")
    draft.replace(path)


def read_endpoints(data_dir: Path) -> Endpoints:
    """Return what was last written; all None when nothing runs or the file cannot be understood."""
    try:
        stored = json.loads(endpoints_path(data_dir).read_text())
    except (OSError, ValueError):
        return Endpoints()
    if not isinstance(stored, dict):
        return Endpoints()
    values = {field.name: stored.get(field.name) for field in fields(Endpoints)}
    return Endpoints(**{name: value for name, value in values.items() if isinstance(value, str)})


def remove_endpoints(data_dir: Path) -> None:
    """Forget the addresses: their servers have stopped."""
    endpoints_path(data_dir).unlink(missing_ok=True)


class _Variables(FileAwareMapping):  # type: ignore[misc]
    """`NAME`, or what is in the file that `NAME_FILE` names."""

    def __getitem__(self, name: str) -> str:
        try:
            return str(super().__getitem__(name))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", "") or "it is no text in UTF-8"
            raise environ.ImproperlyConfigured(
                f"{name}_FILE names a file that cannot be read: {reason}."
            ) from None


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """django-environ's reader (`NAME`, or the file that `NAME_FILE` names); its errors name the variable."""

    ENVIRON = _Variables()

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        try:
            return super().get_value(var, *args, **options)
        except ValueError as error:  # int("…") and the like; the value itself may be a secret
            kind = getattr(options.get("cast"), "__name__", "value")
            raise environ.ImproperlyConfigured(f"{var} cannot be read as {kind}.") from error


def read_environment() -> Environment:
    """Return the environment, completed by `.env`, as the settings see it.

    `BUTLER_ENV_FILE` names another file than `.env`, or none when it is empty.
    """
    env = Environment()
    env_file = os.environ.get("BUTLER_ENV_FILE", str(PROJECT_DIR / ".env"))
    if env_file and Path(env_file).is_file():
        env.read_env(env_file)
    return env


def find_data_dir(env: Environment) -> Path:
    """Return the absolute `DATA_DIR`; a relative one starts at the project's directory."""
    return PROJECT_DIR.joinpath(str(env.str("DATA_DIR", default="data"))).resolve()


def find_wanted(env: Environment) -> Wanted:
    """Decide what to start, before the settings load: they read the addresses of what was started."""
    return Wanted(
        mongodb=not env.str("MONGODB_URL", default=""),
        redis=not env.str("REDIS_URL", default=""),
        sandbox=not env.str("TELEGRAM_BOT_TOKEN", default=""),
    )
