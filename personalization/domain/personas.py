"""The personas that the house has ready. What stands in a profile is the text itself, ready for the prompt.

The texts lie in `templates/prompts/personas/`, one for each language. They end the sentence «Ваш образ: …», so they
begin without a capital and end without a full stop.
"""

from __future__ import annotations

from enum import StrEnum

from personalization.domain.templates import render_prompt
from personalization.enums import Language
from personalization.models import DEFAULT_PERSONA


class Persona(StrEnum):
    """A value names the files of the text."""

    ALFRED = "alfred"
    LIBRARIAN = "librarian"
    HOUSEKEEPER = "housekeeper"
    ADJUTANT = "adjutant"
    TUTOR = "tutor"


def describe_persona(persona: Persona, *, language: str) -> str:
    """Return the persona's text. Alfred is the profile's default, the same in every language."""
    if persona is Persona.ALFRED:
        return DEFAULT_PERSONA
    return render_prompt(f"personas/{persona}", language=language)


def recognise_persona(text: str) -> Persona | None:
    """Return the persona that a profile's text is, in whatever language; None for one of the person's own."""
    for persona in Persona:
        if any(describe_persona(persona, language=language) == text for language in Language.values):
            return persona
    return None
