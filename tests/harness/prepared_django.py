"""`manage.py` in processes that begin where Django and the rest of site-packages have been imported.

`python -m tests.harness.prepared_django` imports them once and forks for every command. A fork reads the settings,
loads the apps and ends as any `manage.py` does; what it is spared is most of the time that one takes to start.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.harness.processes import PROJECT_DIR
from tests.harness.unmeasured import ORDER, UNMEASURED

# None of them needs settings to be imported, or starts a thread, which a fork would not take along.
PREPARED = (
    "celery.fixups.django",
    "coverage",
    "django.contrib.admin",
    "django.contrib.staticfiles",
    "django.core.management.commands.check",
    "django_mongodb_backend",
    "django_prometheus",
    "environ",
    "kombu.transport.redis",
    "opentelemetry.sdk.trace",
    "requests",
    "telebot",
    "whitenoise.middleware",
)


class PreparedDjango:
    """`with PreparedDjango() as django: django.run(["check"], environment=...)`; warnings of Python are not shown."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-W", "ignore", "-m", __name__]
        self._process = subprocess.Popen(
            command,
            cwd=PROJECT_DIR,
            env={**os.environ, **UNMEASURED},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, arguments: list[str], *, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` with the arguments and nothing but this environment, to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": arguments, "environment": environment}) + "\n")
        self._process.stdin.flush()
        return subprocess.CompletedProcess(
            ["manage.py", *arguments], **json.loads(self._process.stdout.readline())
        )


def serve() -> None:
    for name in PREPARED:
        importlib.import_module(name)
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            child = os.fork()
            if child == 0:
                become_django(json.loads(line), stdout=stdout, stderr=stderr)
            _, status = os.waitpid(child, 0)
            shown = {"stdout": read(stdout), "stderr": read(stderr)}
        print(json.dumps({"returncode": os.waitstatus_to_exitcode(status), **shown}), flush=True)


def become_django(order: dict[str, Any], *, stdout: IO[str], stderr: IO[str]) -> None:
    """Run `manage.py` in this process, which ends with it, and with what is to be done at the end of a process."""
    for descriptor, target in enumerate((os.open(os.devnull, os.O_RDONLY), stdout.fileno(), stderr.fileno())):
        os.dup2(target, descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    if os.environ.get(ORDER):
        importlib.import_module("coverage").process_startup()
    sys.argv = ["manage.py", *order["arguments"]]
    runpy.run_path(str(Path(PROJECT_DIR) / "manage.py"), run_name="__main__")
    sys.exit()


def read(output: IO[str]) -> str:
    output.seek(0)
    return output.read()


if __name__ == "__main__":
    serve()
