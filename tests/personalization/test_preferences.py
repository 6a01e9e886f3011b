from __future__ import annotations

import re

import pytest

from personalization.domain.personas import Persona, describe_persona, recognise_persona
from personalization.domain.preferences import (
    OWN_PERSONA_MAX_CHARS,
    UnusablePersona,
    choose_language,
    choose_model,
    choose_own_persona,
    choose_persona,
)
from personalization.domain.profiles import get_profile
from personalization.domain.prompt import assemble_prompt
from personalization.enums import Language
from personalization.models import DEFAULT_PERSONA, UserProfile
from tests.factories.personalization import ProfileFactory

CHARACTER_LINES = {
    "ru": re.compile(r"Вы — личный помощник собеседника\. Ваш образ: [^\s.].*[^\s.]\."),
    "en": re.compile(
        r"You are the personal assistant of the person you talk to\. Your character: [^\s.].*[^\s.]\."
    ),
}


def read_character(profile: UserProfile) -> str:
    """The line of the prompt that says who Butler is."""
    prompt = assemble_prompt(profile=profile, events=[], message="Который час?", budget_tokens=100_000)
    return prompt.system_text.splitlines()[0]


def stored(profile: UserProfile) -> UserProfile:
    return UserProfile.objects.get(pk=profile.pk)


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("persona", Persona)
def test_each_persona_ends_the_sentence_of_the_prompt(persona: Persona, language: str) -> None:
    text = describe_persona(persona, language=language)

    line = read_character(UserProfile(user_id="42", language=language, persona=text))

    assert CHARACTER_LINES[language].fullmatch(line)
    assert text in line
    is_cyrillic = bool(re.search("[а-яё]", text))
    assert persona is Persona.ALFRED or is_cyrillic is (language == "ru")
    assert len(text) <= OWN_PERSONA_MAX_CHARS


def test_the_housekeepers_prompt_reads_as_written() -> None:
    text = describe_persona(Persona.HOUSEKEEPER, language="ru")

    assert read_character(UserProfile(user_id="42", persona=text)) == (
        "Вы — личный помощник собеседника. Ваш образ: экономка большого дома, практичная и заботливая: раскладывает "
        "дело по порядку, начинает с того, что можно сделать сегодня, предусматривает мелочи и мягко напоминает о "
        "сне, обеде и отдыхе."
    )


def test_personas_are_recognised_in_any_language_and_others_are_nobodys() -> None:
    for persona in Persona:
        for language in Language.values:
            assert recognise_persona(describe_persona(persona, language=language)) is persona
    assert recognise_persona("старый адмирал") is None
    assert recognise_persona(DEFAULT_PERSONA) is Persona.ALFRED


@pytest.mark.django_db
def test_a_choice_is_kept_and_known_at_once() -> None:
    profile = get_profile("42")

    choose_persona(profile, Persona.TUTOR)
    choose_model(profile, "offline:offline-butler")

    for known in (profile, stored(profile)):
        assert (recognise_persona(known.persona), known.model) == (Persona.TUTOR, "offline:offline-butler")
        assert known.tone == "witty"


@pytest.mark.django_db
def test_a_choice_touches_nothing_else_and_nobody_else() -> None:
    neighbour = ProfileFactory(user_id="43")
    profile = get_profile("42")
    UserProfile.objects.filter(pk=profile.pk).update(memory_summary="Любит чай.")  # meanwhile

    choose_persona(profile, Persona.ADJUTANT)

    assert stored(profile).memory_summary == "Любит чай."
    assert stored(neighbour).persona == DEFAULT_PERSONA


@pytest.mark.django_db
def test_choosing_again_what_is_chosen_writes_nothing() -> None:
    profile = get_profile("42")
    choose_language(profile, Language.ENGLISH)
    written_at = stored(profile).updated_at

    choose_language(profile, Language.ENGLISH)

    assert stored(profile).updated_at == written_at


@pytest.mark.django_db
def test_the_houses_persona_speaks_the_new_language_too() -> None:
    profile = get_profile("42")
    choose_persona(profile, Persona.LIBRARIAN)

    choose_language(profile, Language.ENGLISH)

    assert stored(profile).persona == describe_persona(Persona.LIBRARIAN, language="en")
    assert read_character(stored(profile)).startswith("You are the personal assistant")


@pytest.mark.django_db
def test_a_persona_of_ones_own_stays_as_it_was_said() -> None:
    profile = get_profile("42")
    choose_own_persona(profile, " старый\nадмирал,  любит $tone... ")

    choose_language(profile, Language.ENGLISH)

    assert stored(profile).persona == "старый адмирал, любит $tone"
    assert read_character(stored(profile)).endswith("Your character: старый адмирал, любит $tone.")


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", " \n ", ".", "\u200b\u2060", "я" * (OWN_PERSONA_MAX_CHARS + 1)])
def test_a_persona_that_says_nothing_or_too_much_is_refused(text: str) -> None:
    profile = get_profile("42")

    with pytest.raises(UnusablePersona):
        choose_own_persona(profile, text)

    assert stored(profile).persona == DEFAULT_PERSONA


@pytest.mark.django_db
def test_the_longest_persona_is_taken() -> None:
    profile = get_profile("42")

    choose_own_persona(profile, "я" * OWN_PERSONA_MAX_CHARS + ".")

    assert stored(profile).persona == "я" * OWN_PERSONA_MAX_CHARS
