from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from butler_project.embedded.discovery import PROJECT_DIR
from butler_project.supervisor.errors import StartError
from butler_project.supervisor.lock import hold_lock

HOLDS_AND_WAITS = """
import sys, time
from pathlib import Path
from butler_project.supervisor.lock import hold_lock
with hold_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_supervisor_is_told_who_the_first_is(tmp_path: Path) -> None:
    complaint = rf"already running on .* \(process {os.getpid()}\)"

    with hold_lock(tmp_path), pytest.raises(StartError, match=complaint), hold_lock(tmp_path):
        pass


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        pass
    with hold_lock(tmp_path):
        pass


def test_the_lock_of_a_killed_supervisor_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDS_AND_WAITS, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StartError, match=str(holder.pid)), hold_lock(tmp_path):
            pass
        holder.kill()

    with hold_lock(tmp_path):
        pass
