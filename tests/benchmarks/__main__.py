"""Run scenarios and report: `python -m tests.benchmarks [name …] [--quick] [--json FILE]`.

The status is 0 whether or not targets are met, 1 if the stack broke or answers were lost, doubled or reordered.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from tests.benchmarks.figures import Result
from tests.benchmarks.machine import describe_machine
from tests.benchmarks.report import format_machine, format_result, format_summary, write_json
from tests.benchmarks.running import Plan
from tests.benchmarks.scenarios import SCENARIOS


def main() -> int:
    options = parse_options()
    machine = describe_machine()
    print(format_machine(machine), flush=True)
    plan = Plan(is_quick=options.quick, subscribers=options.subscribers)
    for name in options.scenarios or SCENARIOS:
        plan.earlier[name] = result = run_scenario(name, plan)
        print(format_result(result), flush=True)
    results = list(plan.earlier.values())
    print(format_summary(results))
    if options.json:
        write_json(options.json, machine=machine, results=results)
    return 0 if all(result.is_sound for result in results) else 1


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="Measure the real stack of Butler."
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="scenario", help=f"of {', '.join(SCENARIOS)}; default all"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test: a few messages, figures mean nothing"
    )
    parser.add_argument(
        "--subscribers",
        type=int,
        default=0,
        metavar="N",
        help="of `digests` only this: one to so many, at Telegram's pace",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here too")
    options = parser.parse_args()
    if unknown := set(options.scenarios) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return options


def run_scenario(name: str, plan: Plan) -> Result:
    """Run one scenario; whatever breaks it becomes part of the report, and the others go on."""
    started = time.monotonic()
    try:
        result = SCENARIOS[name](plan)
    except Exception as error:
        traceback.print_exc()
        result = Result(
            name,
            "",
            failure="\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])]),
        )
    result.seconds = time.monotonic() - started
    return result


if __name__ == "__main__":
    sys.exit(main())
