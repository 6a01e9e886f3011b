"""`python -m butler_project.supervisor`: start what is missing, then Butler, and stop all of it again."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from urllib.request import getproxies

import environ
from honcho.environ import parse_procfile
from honcho.printer import Printer

from butler_project.embedded.discovery import (
    PROJECT_DIR,
    Endpoints,
    Environment,
    Wanted,
    find_data_dir,
    find_wanted,
    read_environment,
    remove_endpoints,
    write_endpoints,
)
from butler_project.embedded.services import (
    EmbeddedService,
    ServiceError,
    choose_port,
    is_port_free,
    mongodb_service,
    redis_service,
)
from butler_project.secrets import keep_secret
from butler_project.supervisor.errors import StartError
from butler_project.supervisor.lock import hold_lock
from butler_project.supervisor.preparation import Prepared
from butler_project.supervisor.processes import ProcessGroup
from butler_project.supervisor.welcome import Situation, answers, compose_welcome

SANDBOX = "sandbox"
SANDBOX_PORT = 8081
READY_TIMEOUT_S = 60.0
READY_POLL_S = 0.1
LATE_POLL_S = 2.0
EVERYTHING = "*"  # of NO_PROXY: it counts only by itself
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")

log = logging.getLogger("butler_project.supervisor")


class Supervisor:
    """One run of Butler on this machine."""

    def __init__(self) -> None:
        self._is_stop_asked = threading.Event()
        self._is_starting = True

    def run(self) -> None:
        """Run until SIGINT or SIGTERM. Raises StartError when Butler cannot start, or not go on."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._take_signal)
        env = read_environment()
        leave_this_machine_out_of_proxies()
        data_dir = find_data_dir(env)
        try:
            with ExitStack() as cleanup:
                cleanup.enter_context(hold_lock(data_dir))
                self._run_locked(env, data_dir, cleanup)
        except KeyboardInterrupt:
            log.info("stopped while starting")

    def _run_locked(self, env: Environment, data_dir: Path, cleanup: ExitStack) -> None:
        write_log_to(data_dir / "log" / "supervisor.log")
        try:
            situation = start_surroundings(env, data_dir, cleanup)
            group = build_group(situation)
        finally:
            self._is_starting = False
        culprit = group.run(self._is_stop_asked.is_set, lambda: announce_later(situation))
        if culprit is not None and not self._is_stop_asked.is_set():
            raise StartError(explain_end(group, culprit))

    def _take_signal(self, _signum: int, _frame: FrameType | None) -> None:
        """Cut the start short; later, when processes or a cleaning up are under way, only take note."""
        is_first = not self._is_stop_asked.is_set()
        self._is_stop_asked.set()
        if is_first and self._is_starting:
            raise KeyboardInterrupt


def leave_this_machine_out_of_proxies() -> None:
    """Let no proxy of the environment come between Butler's processes, its pages and servers beside it."""
    left_out = getproxies().get("no", "")  # of no_proxy or NO_PROXY
    if left_out != EVERYTHING:
        left_out = ",".join(filter(None, [left_out, *THIS_MACHINE]))
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = left_out


def start_surroundings(env: Environment, data_dir: Path, cleanup: ExitStack) -> Situation:
    """Start what Butler's processes need; `cleanup` stops it. Raises StartError or ServiceError."""
    wanted = find_wanted(env)
    sandbox_port = choose_port(env.int("SANDBOX_PORT", default=SANDBOX_PORT)) if wanted.sandbox else None
    cleanup.callback(remove_endpoints, data_dir)
    write_endpoints(data_dir, start_servers(wanted, data_dir, sandbox_port, cleanup))
    prepared = run_preparation()
    if not is_port_free(prepared.web_port, prepared.web_host):
        raise StartError(
            f"WEB_PORT {prepared.web_port} of {prepared.web_host} is taken by another program. "
            f"Stop it, or set WEB_PORT to a free port: make run WEB_PORT={prepared.web_port + 1}"
        )
    return Situation(wanted=wanted, prepared=prepared, sandbox_port=sandbox_port, data_dir=data_dir)


def start_servers(wanted: Wanted, data_dir: Path, sandbox_port: int | None, cleanup: ExitStack) -> Endpoints:
    """Start the embedded servers that are wanted; `cleanup` stops them: Redis first, then MongoDB."""

    def start(service: EmbeddedService) -> str:
        cleanup.callback(service.stop)
        return service.start()

    return Endpoints(
        mongodb_url=start(mongodb_service(data_dir)) if wanted.mongodb else None,
        redis_url=start(redis_service(data_dir)) if wanted.redis else None,
        telegram_api_url=f"http://127.0.0.1:{sandbox_port}" if sandbox_port else None,
        telegram_bot_token=make_sandbox_token(data_dir) if sandbox_port else None,
    )


def make_sandbox_token(data_dir: Path) -> str:
    """Return the token of the sandbox's bot: the same in every run, and none that Telegram would accept."""
    return f"{SANDBOX}:{keep_secret(data_dir / 'run' / 'sandbox_token')}"


def run_preparation() -> Prepared:
    """Check the settings and migrate, in a process of its own. Raises StartError with its complaint."""
    command = [sys.executable, "-m", "butler_project.supervisor.preparation"]
    result = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise StartError(f"Butler cannot start:\n{result.stderr.strip()}")
    return Prepared(**json.loads(result.stdout.splitlines()[-1]))


def build_group(situation: Situation) -> ProcessGroup:
    """Return the processes of the Procfile, not started; without the sandbox where Telegram is used."""
    group = ProcessGroup(situation.data_dir / "log", Printer(sys.stderr))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(situation.data_dir),
        "WEB_HOST": situation.prepared.web_host,
        "WEB_PORT": str(situation.prepared.web_port),
    }
    if situation.sandbox_port:
        environment["SANDBOX_PORT"] = str(situation.sandbox_port)
    procfile = parse_procfile((PROJECT_DIR / "Procfile").read_text())
    for name, command in procfile.processes.items():
        if name != SANDBOX or situation.sandbox_port:
            group.add_process(name, command, env=environment, cwd=str(PROJECT_DIR))
    return group


def announce_later(situation: Situation) -> None:
    """Print the block as soon as the pages answer; the caller goes on reading the processes' output."""
    threading.Thread(target=announce, args=(situation,), name="announce", daemon=True).start()


def announce(situation: Situation) -> None:
    """Wait until the web process and the sandbox answer, then print where they are; warn once if that takes long."""
    pages = [
        f"{situation.prepared.web_url}/health",
        *([situation.sandbox_url] if situation.sandbox_url else []),
    ]
    late_at, pause_s = time.monotonic() + READY_TIMEOUT_S, READY_POLL_S
    while waiting := [page for page in pages if not answers(page)]:
        if pause_s == READY_POLL_S and time.monotonic() > late_at:
            log.warning("no answer within %g s from %s", READY_TIMEOUT_S, ", ".join(waiting))
            pause_s = LATE_POLL_S
        time.sleep(pause_s)
    sys.stdout.write(f"{compose_welcome(situation)}\n")
    sys.stdout.flush()


def explain_end(group: ProcessGroup, culprit: str) -> str:
    """Say which process ended by itself, and with which last words."""
    status = group.exit_status(culprit)
    title = f"{culprit} ended by itself with status {status}; everything else was stopped."
    return "\n".join([title, f"The end of {group.log_path(culprit)}:", *group.last_lines(culprit)])


def write_log_to(path: Path) -> None:
    """Keep the supervisor's own log in `path`; warnings also go to the terminal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[logging.FileHandler(path), terminal],
    )


def main() -> int:
    """Return 0 after SIGINT or SIGTERM, 1 when Butler could not start or go on."""
    try:
        Supervisor().run()
    except (StartError, ServiceError, environ.ImproperlyConfigured) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
