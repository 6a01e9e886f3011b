"""The floor: the calls of one recorded message, made again and again by a bare script.

    python -m tests.benchmarks.replay RECORDING --messages 1000

prints {"messages", "seconds", "cpu_s"} as JSON. The script has no framework: pymongo, redis-py, requests towards
Telegram, `http.client` towards the model, and as many threads as Butler's worker.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bson
import pymongo
import redis
import requests
from bson import ObjectId
from bson.codec_options import CodecOptions

from tests.benchmarks.bench_stack import WORKER_THREADS

OF_THE_DRIVER = ("$db", "lsid", "$clusterTime", "txnNumber", "$readPreference")
HEX_UUID = re.compile("[0-9a-f]{32}")  # as Django's backend stores one
FIRST_UPDATE_ID = 900_000_000
RAW = CodecOptions[dict[str, Any]](uuid_representation=0, tz_aware=True)


class Variation:
    """New ids for the recorded ones, the same ones all through one message."""

    def __init__(self, *, recorded_chat: int, chat: int, update_id: int) -> None:
        self._recorded, self._chat = str(recorded_chat), str(chat)
        self._update_id = update_id
        self._ids: dict[Any, Any] = {}

    def of(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self.of(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.of(part) for part in value]
        return self._update_id if name == "update_id" else self._of_single(value)

    def _of_single(self, value: Any) -> Any:
        if isinstance(value, ObjectId):
            return self._ids.setdefault(value, ObjectId())
        if isinstance(value, bytes):
            return self._of_bytes(value)
        if isinstance(value, datetime):
            return datetime.now(UTC)
        if isinstance(value, str) and HEX_UUID.fullmatch(value):
            return self._ids.setdefault(value, uuid.uuid4().hex)
        return self._chat if value == self._recorded else value

    def _of_bytes(self, value: bytes) -> bytes:
        """Bytes of Redis may hold the chat's id."""
        return value.replace(self._recorded.encode(), self._chat.encode())


class Replay:
    """The connections of the process; HTTP has one of each kind a thread."""

    def __init__(self, recording: dict[str, Any]) -> None:
        self._recording = recording
        client = pymongo.MongoClient[dict[str, Any]](recording["mongodb_url"], maxPoolSize=WORKER_THREADS)
        self._database = client.get_default_database()
        self._broker = redis.Redis.from_url(recording["redis_url"])
        self._local = threading.local()
        self._update_ids = itertools.count(FIRST_UPDATE_ID)

    def repeat(self, number: int) -> None:
        """Make every call of the message once, in the recorded order."""
        chat_ids = self._recording["chat_ids"]
        chat_id = chat_ids[number % len(chat_ids)]
        variation = Variation(
            recorded_chat=self._recording["chat_id"], chat=chat_id, update_id=next(self._update_ids)
        )
        for step in self._recording["steps"]:
            call = getattr(self, f"_{step['kind']}")
            call(step["content"] if step["kind"] == "model" else variation.of(step["content"]))

    def _mongodb(self, command: dict[str, Any]) -> None:
        """Raises `RuntimeError` if the server refused a write: it would be cheaper than the real one."""
        content = {name: value for name, value in command.items() if name not in OF_THE_DRIVER}
        answer = self._database.command(content)
        if "writeErrors" in answer or answer.get("n") == 0:
            raise RuntimeError(f"nothing written: {answer}")

    def _redis(self, commands: list[list[bytes]]) -> None:
        """Send one command, or several in a transaction."""
        if len(commands) == 1:
            self._broker.execute_command(*commands[0])
            return
        with self._broker.pipeline(transaction=True) as pipeline:
            for words in commands:
                pipeline.execute_command(*words)
            pipeline.execute()

    def _telegram(self, call: dict[str, Any]) -> None:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        response = session.post(f"{self._recording['telegram_url']}/{call['method']}", data=call["form"])
        response.raise_for_status()
        response.json()

    def _model(self, body: dict[str, Any]) -> None:
        url = urlsplit(self._recording["model_url"])
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(url.netloc)
        content = json.dumps(body, ensure_ascii=False).encode()
        connection.request(
            "POST", f"{url.path}/chat/completions", content, {"Content-Type": "application/json"}
        )
        text = ""
        for line in connection.getresponse().read().splitlines():
            if line.startswith(b"data: {"):
                choices = json.loads(line[6:])["choices"]
                text += choices[0]["delta"].get("content", "") if choices else ""
        if not text:
            raise RuntimeError("the model answered nothing")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--messages", type=int, required=True)
    options = parser.parse_args()
    replay = Replay(bson.decode(options.recording.read_bytes(), RAW))
    with ThreadPoolExecutor(WORKER_THREADS) as executor:
        list(executor.map(replay.repeat, range(WORKER_THREADS)))  # opens the connections
        started, cpu_before = time.monotonic(), time.process_time()
        list(executor.map(replay.repeat, range(options.messages)))
        spent = {"seconds": time.monotonic() - started, "cpu_s": time.process_time() - cpu_before}
    print(json.dumps({"messages": options.messages, **spent}))


if __name__ == "__main__":
    main()
