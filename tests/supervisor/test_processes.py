from __future__ import annotations

import io
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from honcho.printer import Printer

from butler_project.embedded.discovery import PROJECT_DIR
from butler_project.supervisor.processes import ProcessGroup
from tests.harness.processes import PATIENCE_S, wait_until, wait_until_ended

OBEDIENT = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"
WAITS = f"{OBEDIENT}  # for another"
FAILING = "import sys; print('the last words', flush=True); sys.exit(3)"
TELLS_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with pathlib.Path({record!r}).open("a") as record:
        print({name!r}, time.monotonic(), file=record)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def python(source: str) -> str:
    return f"exec {shlex.quote(sys.executable)} -c {shlex.quote(source)}"


def build(log_dir: Path, sources: dict[str, str]) -> tuple[ProcessGroup, io.StringIO]:
    terminal = io.StringIO()
    group = ProcessGroup(log_dir, Printer(terminal))
    for name, source in sources.items():
        group.add_process(name, python(source))
    return group, terminal


def stop_when(is_true: Callable[[], bool]) -> Callable[[], bool]:
    """Ask to stop once `is_true`, at the latest after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    return lambda: is_true() or time.monotonic() > deadline


def test_all_processes_are_stopped_when_asked(tmp_path: Path) -> None:
    group, _ = build(tmp_path, {"web": OBEDIENT, "worker": OBEDIENT})

    culprit = group.run(
        stop_when(lambda: group.last_lines("web") == group.last_lines("worker") == ["up"]), list
    )

    assert culprit is None
    assert (group.exit_status("web"), group.exit_status("worker")) == (-15, -15)


def test_a_stop_in_the_moment_of_the_start_leaves_nothing(tmp_path: Path) -> None:
    group, _ = build(tmp_path, {"web": OBEDIENT, "worker": OBEDIENT})

    assert group.run(lambda: True, list) is None

    assert [child for child in psutil.Process().children(recursive=True) if is_obedient(child)] == []


def is_obedient(child: psutil.Process) -> bool:
    """Tell whether the child runs the program of these tests; one that has ended runs nothing."""
    try:
        return OBEDIENT in child.cmdline()
    except psutil.NoSuchProcess:
        return False


def test_one_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    group, _ = build(tmp_path, {"worker": STUBBORN})
    group.kill_wait_s = 0.5

    group.run(stop_when(lambda: group.last_lines("worker") == ["up"]), list)

    assert group.exit_status("worker") == -9


def test_the_end_of_one_ends_all_and_is_named(tmp_path: Path) -> None:
    group, _ = build(tmp_path, {"web": OBEDIENT, "bot": FAILING})

    culprit = group.run(stop_when(lambda: False), list)

    assert culprit == "bot"
    assert group.exit_status("bot") == 3
    assert group.last_lines("bot") == ["the last words"]
    assert group.exit_status("web") == -15


def test_the_sandbox_stops_last(tmp_path: Path) -> None:
    record = tmp_path / "ends"
    names = ("sandbox", "web", "worker")
    group, _ = build(tmp_path, {name: TELLS_ITS_END.format(record=str(record), name=name) for name in names})

    group.run(stop_when(lambda: all(group.last_lines(name) == ["up"] for name in names)), list)

    ends = [line.split()[0] for line in record.read_text().splitlines()]
    assert sorted(ends) == sorted(names)
    assert ends[-1] == "sandbox"


def test_files_get_every_line_and_the_terminal_warnings_only(tmp_path: Path) -> None:
    lines = [
        '{"event": "started", "level": "info"}',
        "plain text",
        '{"event": "slow", "level": "warning", "seconds": 3, "logger": "x"}',
        "Дворецкий",
    ]
    source = "import sys\nfor line in sys.argv[1:]: print(line, flush=True)"
    terminal = io.StringIO()
    group = ProcessGroup(tmp_path, Printer(terminal))
    group.add_process("web", f"{python(source)} {shlex.join(lines)}")

    group.run(stop_when(lambda: False), list)

    assert group.log_path("web").read_text().splitlines() == lines
    shown = terminal.getvalue().splitlines()
    assert len(shown) == 1
    assert shown[0].endswith("| WARNING slow seconds=3")
    assert " web " in shown[0]


def test_a_killed_supervisor_takes_everything_with_it(tmp_path: Path) -> None:
    source = textwrap.dedent("""
        import sys
        from pathlib import Path
        from honcho.printer import Printer
        from butler_project.supervisor.processes import ProcessGroup
        group = ProcessGroup(Path(sys.argv[1]), Printer(sys.stderr))
        for name in ("web", "worker"):
            group.add_process(name, sys.argv[2])
        group.run(lambda: False, lambda: None)
    """)
    command = [sys.executable, "-c", source, str(tmp_path), python(STUBBORN)]
    with subprocess.Popen(command, cwd=PROJECT_DIR) as supervisor:
        logs = [tmp_path / "web.log", tmp_path / "worker.log"]
        wait_until(lambda: all(log.exists() and log.read_text() == "up\n" for log in logs), what="both")
        descendants = psutil.Process(supervisor.pid).children(recursive=True)
        assert len(descendants) >= 4

        supervisor.kill()

    wait_until_ended(descendants)


def test_a_process_whose_reader_was_killed_counts_as_dead(tmp_path: Path) -> None:
    group, _ = build(tmp_path, {"web": WAITS, "worker": OBEDIENT})
    killed: list[psutil.Process] = []

    def kill_reader() -> bool:
        if group.last_lines("web") == ["up"] and not killed:
            children = [(child, child.children()) for child in psutil.Process().children()]
            readers = [child for child, started in children if started and WAITS in started[0].cmdline()]
            reader = next(iter(readers), None)
            if reader is not None:
                reader.kill()
                killed.append(reader)
        return False

    culprit = group.run(stop_when(kill_reader), list)

    assert culprit == "web"
    assert group.exit_status("web") == -9
