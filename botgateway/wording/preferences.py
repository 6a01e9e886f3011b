from __future__ import annotations

from enum import auto

from botgateway.wording.phrase import Phrase


class PreferencesPhrase(Phrase):
    """/persona, /language and /model. `PERSONA_…` are the names of `personalization.domain.personas`.

    `ALFRED_DESCRIBED` is for people; what stands in a profile and in a prompt is the name of the default.
    """

    PERSONA_SHOWN = auto()
    PERSONA_TAKEN = auto()
    PERSONA_ALFRED = auto()
    ALFRED_DESCRIBED = auto()
    PERSONA_LIBRARIAN = auto()
    PERSONA_HOUSEKEEPER = auto()
    PERSONA_ADJUTANT = auto()
    PERSONA_TUTOR = auto()
    OWN_PERSONA = auto()
    OWN_PERSONA_SHOWN = auto()
    OWN_PERSONA_HOW = auto()
    OWN_PERSONA_UNUSABLE = auto()
    LANGUAGE_SHOWN = auto()
    LANGUAGE_TAKEN = auto()
    MODEL_SHOWN = auto()
    MODEL_OF_HOUSE_SHOWN = auto()
    MODELS_AS_OF = auto()
    MODEL_OF_HOUSE = auto()
    MODEL_TAKEN = auto()
    MODEL_OF_HOUSE_TAKEN = auto()
    MODEL_NOT_LISTED = auto()
    MODEL_VANISHED = auto()
