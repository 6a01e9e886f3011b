"""Secrets that Butler makes for itself on a first run and keeps."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

SECRET_BYTES = 48


def keep_secret(path: Path) -> str:
    """Return the secret in the file `path`, making one of 48 random bytes on the first call.

    Several processes may call it at once: the file appears whole, under one name, and all read the same secret.
    The alphabet (`A-Za-z0-9_-`) is what Telegram allows in a webhook's `secret_token`.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(SECRET_BYTES))
        try:
            os.link(draft, path)  # unlike a rename it refuses to replace the secret of a faster process
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
