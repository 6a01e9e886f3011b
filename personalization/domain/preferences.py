"""What people choose for themselves: persona, language, model. A choice holds from the next answer on.

The profile in hand is changed along with the stored one, so that what is said next is said by the new choice.
Choosing again what is chosen writes nothing.
"""

from __future__ import annotations

from django.utils import timezone

from llm.prompt import is_blank
from personalization import metrics
from personalization.domain.personas import Persona, describe_persona, recognise_persona
from personalization.domain.templates import one_line
from personalization.enums import Language
from personalization.models import UserProfile

OWN_PERSONA_MAX_CHARS = 300  # about a hundred tokens of every prompt from then on


class UnusablePersona(ValueError):
    """A persona of one's own without a visible word, or longer than `OWN_PERSONA_MAX_CHARS`."""


def choose_persona(profile: UserProfile, persona: Persona) -> None:
    _change(profile, persona=describe_persona(persona, language=profile.language))


def choose_own_persona(profile: UserProfile, text: str) -> None:
    """Take a persona in the person's own words, on one line. Raises `UnusablePersona`."""
    persona = one_line(text).rstrip(" .")  # the prompt ends the sentence
    if is_blank(persona) or len(persona) > OWN_PERSONA_MAX_CHARS:
        raise UnusablePersona
    _change(profile, persona=persona)


def choose_language(profile: UserProfile, language: Language) -> None:
    """Speak another language; a persona of the house is put into it, one's own stays as it was said."""
    persona = recognise_persona(profile.persona)
    text = profile.persona if persona is None else describe_persona(persona, language=language)
    _change(profile, language=language.value, persona=text)


def choose_model(profile: UserProfile, choice: str) -> None:
    """Keep a choice of `llm.catalogue`; the empty one leaves it to the house."""
    _change(profile, model=choice)


def _change(profile: UserProfile, **choices: str) -> None:
    changed = {field: value for field, value in choices.items() if getattr(profile, field) != value}
    if not changed:
        return
    UserProfile.objects.filter(pk=profile.pk).update(**changed, updated_at=timezone.now())
    metrics.PROFILE_WRITES.inc()
    for field, value in changed.items():
        setattr(profile, field, value)
