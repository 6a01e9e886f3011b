"""What each process of the stack uses: processor time between two moments, and peak resident memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.benchmarks.bench_stack import OURS, SERVERS, STAND_INS, BenchStack
from tests.benchmarks.figures import Cell, Table

GENERATOR = "load generator"
PARTS = (*OURS, *SERVERS, *STAND_INS)
MEGABYTE = 1_000_000
PER_MESSAGES = 1000
IDLE = ("idle", "iowait")


@dataclass(frozen=True, slots=True)
class Moment:
    """Processor time used so far, in seconds, by part of the stack and by the whole machine."""

    at: float
    by_part: dict[str, float]
    machine: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor time between two moments."""

    seconds: float
    by_part: dict[str, float]
    machine: float

    @property
    def ours(self) -> float:
        return sum(self.by_part[name] for name in OURS)

    @property
    def total(self) -> float:
        return sum(self.by_part.values())

    def table(self, messages: int) -> Table:
        """Show CPU-seconds per 1,000 messages and the share of each part."""
        rows: list[tuple[Cell, ...]] = [self._row(name, cpu, messages) for name, cpu in self.by_part.items()]
        rows.append(self._row("ours together", self.ours, messages))
        rows.append(self._row("everything", self.total, messages))
        return Table(
            "Processor time", ("process", "CPU-s per 1,000 messages", "share %", "of one core %"), rows
        )

    def _row(self, name: str, cpu: float, messages: int) -> tuple[Cell, ...]:
        return (
            name,
            cpu / messages * PER_MESSAGES,
            100 * cpu / self.total if self.total else 0.0,
            100 * cpu / self.seconds,
        )

    def describe_machine(self) -> str:
        cores = psutil.cpu_count() or 1
        others = max(0.0, self.machine - self.total)
        return (
            f"the machine's {cores} cores were {100 * self.machine / (cores * self.seconds):.0f} % busy; "
            f"{others:.1f} CPU-s of {self.machine:.1f} were used by processes outside this benchmark and the kernel"
        )


def take_moment(stack: BenchStack) -> Moment:
    by_part = {name: _family_seconds(stack.family(name)) for name in PARTS}
    own = psutil.Process().cpu_times()
    by_part[GENERATOR] = own.user + own.system  # not its children: they are the stack
    machine = psutil.cpu_times()._asdict()
    busy = sum(value for name, value in machine.items() if name not in IDLE and not name.startswith("guest"))
    return Moment(time.monotonic(), by_part, busy)


def spent_between(before: Moment, after: Moment) -> Spent:
    by_part = {name: after.by_part[name] - before.by_part[name] for name in after.by_part}
    return Spent(after.at - before.at, by_part, after.machine - before.machine)


def peak_megabytes(stack: BenchStack) -> dict[str, float]:
    """Return each part's peak resident memory in MB (10⁶ bytes), pages that its processes share counted in each."""
    return {name: sum(_peak_bytes(process) for process in stack.family(name)) / MEGABYTE for name in PARTS}


def memory_table(peaks: dict[str, float]) -> Table:
    return Table("Peak resident memory", ("process", "MB"), list(peaks.items()))


def _family_seconds(family: list[psutil.Process]) -> float:
    """Sum the processor time of living processes and of the children they have waited for."""
    return sum(
        times.user + times.system + times.children_user + times.children_system
        for times in (process.cpu_times() for process in family)
    )


def _peak_bytes(process: psutil.Process) -> int:
    """Return the kernel's own peak where it tells (Linux), the present value elsewhere."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return int(process.memory_info().rss)
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(fields["VmHWM"].split()[0]) * 1024
