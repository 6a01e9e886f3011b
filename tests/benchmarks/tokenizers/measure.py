"""Compares `llm.tokens` with real tokenizers: `make measure-tokens` writes the tables of docs/tokens.md.

With `--check` (`make measure-tokens ARGS=--check`) nothing is written: it fails when the page says something else
than is measured. Not part of the tests: it needs packages that nothing else does.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import timeit
from pathlib import Path

from llm.tokens import estimate_tokens
from tests.benchmarks.tokenizers.texts import KINDS, cut_pieces, read_text
from tests.benchmarks.tokenizers.vocabularies import load_counters

PAGE = Path(__file__).parents[3] / "docs/tokens.md"
SECTION = "<!-- {name}: written by make measure-tokens -->\n{text}<!-- end of {name} -->"
NUMBER = re.compile(r"\d+\.\d+")
ROUNDING = 0.011  # tables have two places
MAIN_KINDS = tuple(KINDS)[:4]
UNKNOWN_MODEL = "some-new-model"
KB = 1_024
ROUNDS, CALLS = 200, 200  # the fastest round counts: others share the machine

Ratios = list[float]


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the estimates of tokens with real tokenizers.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail when docs/tokens.md differs"
    )
    is_check = parser.parse_args().check
    page = PAGE.read_text(encoding="utf-8")
    errors = _render_errors()
    if is_check:
        sys.exit(_find_difference(page, errors))
    for name, text in {"errors": errors, "speed": _render_speed()}.items():
        page = _replace_section(page, name, text)
        print(text)
    PAGE.write_text(page, encoding="utf-8")


def _render_errors() -> str:
    pieces = {kind: cut_pieces(read_text(kind)) for kind in KINDS}
    counters = load_counters()
    true = {
        kind: {model: [count(piece) for piece in pieces[kind]] for model, count in counters.items()}
        for kind in KINDS
    }
    known = {
        kind: {model: _ratios(pieces[kind], counts, model) for model, counts in of_kind.items()}
        for kind, of_kind in true.items()
    }
    unknown = {
        kind: [statistics.mean(_ratios(pieces[kind], counts, UNKNOWN_MODEL)) for counts in of_kind.values()]
        for kind, of_kind in true.items()
    }
    return f"{_render_main(known)}\n{_render_others(known, unknown)}"


def _ratios(pieces: list[str], counts: list[int], model: str) -> Ratios:
    return [estimate_tokens(piece, model=model) / count for piece, count in zip(pieces, counts, strict=True)]


def _render_main(known: dict[str, dict[str, Ratios]]) -> str:
    rows = [
        [f"`{model}`", *(_describe(known[kind][model]) for kind in MAIN_KINDS)]
        for model in known[MAIN_KINDS[0]]
    ]
    return _render_table(["vocabulary of", *MAIN_KINDS], rows)


def _describe(ratios: Ratios) -> str:
    low, high = _percentiles(ratios)
    return f"**{statistics.mean(ratios):.2f}**, {low:.2f}–{high:.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def _render_others(known: dict[str, dict[str, Ratios]], unknown: dict[str, list[float]]) -> str:
    rows = []
    for kind, of_kind in known.items():
        every = [ratio for ratios in of_kind.values() for ratio in ratios]
        means = [f"{statistics.mean(ratios):.2f}" for ratios in of_kind.values()]
        rows.append(
            [
                kind,
                *means,
                f"{min(every):.2f}–{max(every):.2f}",
                f"{min(unknown[kind]):.2f}–{max(unknown[kind]):.2f}",
            ]
        )
    models = [f"`{model}`" for model in known[MAIN_KINDS[0]]]
    return _render_table(["text", *models, "any piece", "unknown model"], rows)


def _percentiles(ratios: Ratios) -> tuple[float, float]:
    cuts = statistics.quantiles(ratios, n=20, method="inclusive")
    return cuts[0], cuts[-1]


def _render_table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _render_speed() -> str:
    rows = [[kind, f"{_time_per_kb(read_text(kind)):.1f} µs"] for kind in ("Russian prose", "English prose")]
    return _render_table(["text", "a kilobyte takes"], rows)


def _time_per_kb(text: str) -> float:
    text = text[:KB]
    fastest_s = min(timeit.repeat(lambda: estimate_tokens(text, model="gpt-4"), number=CALLS, repeat=ROUNDS))
    return fastest_s / CALLS * 1e6 * KB / len(text.encode())


def _replace_section(page: str, name: str, text: str) -> str:
    section = re.compile(SECTION.format(name=name, text="(.*?)"), re.DOTALL)
    if not section.search(page):
        raise SystemExit(f"{PAGE} has no section «{name}»")
    return section.sub(lambda _: SECTION.format(name=name, text=text), page)


def _find_difference(page: str, measured: str) -> str | None:
    """Return what `sys.exit` takes: nothing when the page says what was measured."""
    found = re.search(SECTION.format(name="errors", text="(.*?)"), page, re.DOTALL)
    stated = found[1] if found else ""
    if NUMBER.sub("", stated) != NUMBER.sub("", measured):
        return "docs/tokens.md has other tables; run make measure-tokens"
    pairs = zip(NUMBER.findall(stated), NUMBER.findall(measured), strict=True)
    different = [f"{said} is {true}" for said, true in pairs if abs(float(said) - float(true)) > ROUNDING]
    return f"docs/tokens.md: {'; '.join(different)}" if different else None


if __name__ == "__main__":
    main()
