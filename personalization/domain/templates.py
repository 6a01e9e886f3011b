"""Prompt templates: files in `templates/prompts/`, one per language, with named slots."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

from personalization.enums import Language

PROMPTS_DIR = Path(__file__).resolve().parents[2] / "templates" / "prompts"


def render_prompt(name: str, *, language: str, **slots: object) -> str:
    """Fill the slots of `<name>.<language>.txt`. What fills a slot is never read as a template itself.

    A language without templates of its own gets the English ones. Raises `KeyError` when a slot is left out.
    """
    return _load(name, language).substitute({slot: str(value) for slot, value in slots.items()})


@cache
def _load(name: str, language: str) -> Template:
    known = language if language in Language.values else Language.ENGLISH
    return Template((PROMPTS_DIR / f"{name}.{known}.txt").read_text(encoding="utf-8").strip())


def one_line(text: str) -> str:
    """Return `text` without line breaks, so that a value cannot pass for a paragraph of the instructions."""
    return " ".join(text.split())
