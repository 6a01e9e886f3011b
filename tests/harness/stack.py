"""The whole of Butler as processes: embedded servers, sandbox, web, worker, bot, beat and a scripted model.

Everything is the real thing but Telegram and the language model, which are stand-ins spoken to over HTTP.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymongo
import redis
import requests
from pymongo.database import Database

from butler_project.embedded.discovery import Endpoints, write_endpoints
from butler_project.embedded.services import mongodb_service, redis_service
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.ports import reserve_port
from tests.harness.processes import PATIENCE_S, PROJECT_DIR, Child, paused, wait_until
from tests.harness.telegram import SandboxClient
from tests.harness.unmeasured import UNMEASURED, unmeasured
from tests.services import CONFIGURATION

TOKEN = "sandbox:tests"  # no number before the colon, as `make run` has it: the bot asks who it is
SANDBOX_READY = "sandbox: listening on "
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
WEBHOOK_TIMEOUT_S = 60.0


def start_model(port: int = 0) -> LLMStandIn:
    """Start the scripted model, on a given port to take an earlier one's place."""
    return LLMStandIn("--port", str(port or reserve_port()))


class Stack:
    """`with Stack(directory) as stack:` starts everything on free ports and stops it again.

    `is_webhook` chooses between the webhook and long polling; `is_measured=False` leaves coverage out, where other
    stacks run the same lines. `settings` are environment variables of
    Butler's processes, which are `stack.web`, `.worker`, `.bot`, `.beat` and `.sandbox`: each can be killed
    and started again.
    """

    def __init__(
        self,
        directory: Path,
        *,
        is_webhook: bool = True,
        has_model: bool = True,
        is_measured: bool = True,
        worker_threads: int = 32,
        sandbox_options: tuple[str, ...] = ("--no-limits",),
        **settings: str,
    ) -> None:
        self.directory = directory
        self.mongodb = mongodb_service(directory)
        self.redis = redis_service(directory)
        self.model = start_model() if has_model else None
        self.is_webhook = is_webhook
        self._is_measured = is_measured
        self.web_url = f"http://127.0.0.1:{reserve_port()}"
        self._mongodb_client: pymongo.MongoClient[dict[str, Any]] | None = None
        self._redis_client: redis.Redis | None = None
        self._settings = settings
        self._sandbox_options = sandbox_options
        self._worker_threads = worker_threads

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        with unmeasured():
            mongodb_url, redis_url = self.mongodb.start(), self.redis.start()
        self.environment = self._build_environment()
        self._build_children()
        self.sandbox.start()
        self.sandbox.wait_for_output(SANDBOX_READY)
        sandbox_url = self.sandbox.recent_output.split(SANDBOX_READY)[1].split()[0]
        write_endpoints(self.directory, Endpoints(mongodb_url, redis_url, sandbox_url, TOKEN))
        self.telegram = SandboxClient(sandbox_url, inbox=self)
        self.manage("migrate", "--verbosity", "0", **UNMEASURED)
        for child in (self.web, self.worker, self.beat):
            child.start()
        wait_until(self.is_web_up, what="the web process")
        self.worker.wait_for_output("ready")
        self.bot.start()
        self.wait_for_bot()

    def stop(self) -> None:
        found = [getattr(self, name, None) for name in ("bot", "beat", "web", "worker", "sandbox")]
        children = [child for child in found if child]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()
        for client in (self._mongodb_client, self._redis_client):
            if client is not None:
                client.close()
        if self.model:
            self.model.stop()
        self.redis.stop()
        self.mongodb.stop()

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a management command in a process of its own; return what it printed.

        `environment` overrides the stack's. Raises `RuntimeError` if the command does not exit with 0.
        """
        command = [sys.executable, "manage.py", *arguments]
        finished = subprocess.run(
            command,
            cwd=PROJECT_DIR,
            env={**os.environ, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise RuntimeError(
                f"{' '.join(command)} ended with {finished.returncode}:\n{finished.stderr[-4000:]}"
            )
        return finished.stdout

    def read_metrics(self, process: str = "web") -> str:
        """Return what `web`, `worker` or `bot` shows to Prometheus."""
        ports = {"worker": "WORKER_METRICS_PORT", "bot": "BOT_METRICS_PORT"}
        root = self.web_url if process == "web" else f"http://127.0.0.1:{self.environment[ports[process]]}"
        response = requests.get(f"{root}/metrics", timeout=PATIENCE_S)
        response.raise_for_status()
        return response.text

    @property
    def webhook_secret(self) -> str:
        return (self.directory / "run" / "webhook_secret").read_text().strip()

    def post_update(self, body: bytes, *, secret: str | None = None) -> requests.Response:
        """Post to the webhook as Telegram does; `secret` stands in for the right one, empty for none."""
        given = self.webhook_secret if secret is None else secret
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: given} if given else {})
        url = f"{self.web_url}/telegram/webhook"
        return requests.post(url, data=body, headers=headers, timeout=WEBHOOK_TIMEOUT_S)

    def read_logs(self) -> str:
        """Return everything that Butler's own processes have logged."""
        return "".join(child.output for child in (self.web, self.worker, self.bot, self.beat))

    def database(self) -> Database[dict[str, Any]]:
        if self._mongodb_client is None:
            self._mongodb_client = pymongo.MongoClient[dict[str, Any]](self.mongodb.url)
        return self._mongodb_client.get_default_database()

    def broker(self) -> redis.Redis:
        if self._redis_client is None:
            self._redis_client = redis.Redis.from_url(self.redis.url, decode_responses=True)
        return self._redis_client

    def is_web_up(self) -> bool:
        try:
            return requests.get(f"{self.web_url}/health", timeout=PATIENCE_S).ok
        except requests.RequestException:
            return False

    def wait_for_bot(self) -> None:
        """Wait until the bot receives what Telegram has for it."""
        if self.is_webhook:
            self.bot.wait_for_output("webhook registered")
        else:
            self.bot.wait_for_output("polling")

    def forget_orders(self) -> None:
        """Take back what a test has ordered of the stand-ins, and forget what they were asked in it.

        While a model writes down what thousands asked, it answers nobody.
        """
        self.telegram.forget_faults()
        if self.model:
            self.model.clear()

    def is_answered(self, chat_id: int) -> bool:
        """Tell whether Telegram has delivered everything and nothing of this chat is pending in the inbox."""
        return self._is_settled(chat_id=str(chat_id))

    def find_answer(self, update_id: int) -> list[int]:
        """Return the messages of an update's answer; none before it is whole."""
        over = {"update_id": update_id, "status": {"$ne": "pending"}}
        found = self.database().inbox_updates.find_one(over) or {}
        return list(found.get("answer_message_ids", ()))

    def wait_until_settled(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until Telegram has delivered everything and nothing in the inbox is pending."""
        wait_until(self._is_settled, timeout_s=timeout_s, what="a settled inbox")

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have what is sent in the block lie in the inbox before any of it is looked at, as an album of people does.

        How soon one part follows the other is the machine's affair, and Butler waits for the next but a moment.
        """
        with paused(self.worker):
            yield
            wait_until(lambda: not self.telegram.get("pending")["updates"], what="all parts, delivered")

    def _is_settled(self, **whose: str) -> bool:
        if self.telegram.get("pending")["updates"]:
            return False
        return not self.database().inbox_updates.count_documents({**whose, "status": "pending"})

    def _build_environment(self) -> dict[str, str]:
        environment = {
            "BUTLER_ENV_FILE": "",
            "DATA_DIR": str(self.directory),
            "WEB_PORT": self.web_url.rsplit(":", 1)[1],
            "WORKER_METRICS_PORT": str(reserve_port()),
            "BOT_METRICS_PORT": str(reserve_port()),
            "PYTHONUNBUFFERED": "1",
            **({} if self._is_measured else UNMEASURED),
            **({"WEBHOOK_BASE_URL": self.web_url} if self.is_webhook else {}),
            **({"LLM_API_URL": self.model.url} if self.model else {}),
        }
        unset = {name: "" for name in CONFIGURATION if name in os.environ}
        return {**unset, **environment, **self._settings}

    def _build_children(self) -> None:
        python = [sys.executable, "-m"]
        worker = [
            "celery",
            "-A",
            "butler_project",
            "worker",
            "-P",
            "threads",
            "-c",
            str(self._worker_threads),
        ]
        worker += ["-Q", "replies,speech,files,digests,background", "--loglevel", "INFO"]
        worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        beat = ["celery", "-A", "butler_project", "beat", "-s", str(self.directory / "beat"), "--pidfile="]
        sandbox = ["sandbox", "--host", "127.0.0.1", "--port", "0", "--token", TOKEN, *self._sandbox_options]
        self.sandbox = self._child("sandbox", [*python, *sandbox], **UNMEASURED)
        self.web = self._child(
            "web", [*python, "gunicorn", "butler_project.wsgi", "-c", "butler_project/gunicorn.conf.py"]
        )
        self.worker = self._child("worker", [*python, *worker])
        self.beat = self._child("beat", [*python, *beat])
        self.bot = self._child("bot", [sys.executable, "manage.py", "runbot"])

    def _child(self, name: str, command: list[str], **environment: str) -> Child:
        log_dir = self.directory / "log"
        log_dir.mkdir(parents=True, exist_ok=True)
        return Child(name, command, environment={**self.environment, **environment}, log_dir=log_dir)
