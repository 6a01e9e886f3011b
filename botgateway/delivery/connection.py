"""HTTP as the Bot API is spoken to: one session a thread, parameters as a form, files as they arrive."""

from __future__ import annotations

import threading
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from botgateway.errors import FileTooBig, TelegramRefused, TelegramUnavailable

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
DOWNLOAD_CHUNK_BYTES = 65_536


class Connection:
    """Sends parameters as a form in the body.

    pyTelegramBotAPI puts them into the address, where 4,096 Cyrillic characters make 24 KiB that proxies refuse.
    One session a thread, its proxies looked up once: doing so for each call is a fifth of its processor time.
    """

    def __init__(self) -> None:
        self._local = threading.local()
        self._proxies = get_environ_proxies(settings.TELEGRAM_API_URL)

    def __call__(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        return self._session().post(
            url, data=kwargs.get("params"), files=kwargs.get("files"), timeout=kwargs.get("timeout")
        )

    def save(self, url: str, target: Path, *, max_bytes: int) -> None:
        """Write what lies at an address to a file, as it arrives.

        Raises `FileTooBig`, `TelegramRefused` for what is not there, `TelegramUnavailable` for a server in trouble.
        """
        timeout_s = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        with self._session().get(url, stream=True, timeout=timeout_s) as response, target.open("wb") as file:
            if response.status_code == HTTPStatus.NOT_FOUND:
                raise TelegramRefused("no such file")  # its link has run out, or it was deleted
            if response.status_code != HTTPStatus.OK:
                raise TelegramUnavailable(f"no file: {response.status_code}")
            left = max_bytes
            for chunk in response.iter_content(DOWNLOAD_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise FileTooBig
                file.write(chunk)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.proxies = dict(self._proxies)
            session.mount("http://", HTTPAdapter(pool_connections=2, pool_maxsize=2))
            session.mount("https://", HTTPAdapter(pool_connections=2, pool_maxsize=2))
        return session


@cache
def connection() -> Connection:
    """Return the process's connections: pyTelegramBotAPI has one place for them."""
    return Connection()
