"""What commands are told, read with messages that say what was expected; and how they exit."""

from __future__ import annotations

import argparse
from datetime import date

FAILED, USAGE, INTERRUPTED = 1, 2, 130  # exit codes; the last one is what shells make of Ctrl-C
OFFLINE = "offline"  # whom a command asks unless it is told otherwise: the rules without a model


def read_count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def read_seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no seed: a whole number, 0 or more")
    return int(text)


def read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day of the form YYYY-MM-DD") from None
