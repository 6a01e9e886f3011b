"""/persona and /language: what is chosen has a tick, which moves when another button is pressed."""

from __future__ import annotations

import structlog

from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.errors import TelegramError
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.menus import show_menu
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.preferences import PreferencesPhrase
from personalization.domain.personas import Persona, recognise_persona
from personalization.domain.preferences import (
    OWN_PERSONA_MAX_CHARS,
    UnusablePersona,
    choose_language,
    choose_own_persona,
    choose_persona,
)
from personalization.enums import Language

log = structlog.get_logger(__name__)

PERSONA_AREA, LANGUAGE_AREA = "persona", "language"
OWN = "own"
TICK = "✓ "
PERSONAS_IN_A_ROW = 2


def handle_persona(conversation: Conversation) -> Handled:
    """Show the personas, or take the one that the person describes."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    if text := conversation.message.argument:
        try:
            choose_own_persona(conversation.profile, text)
        except UnusablePersona:
            return answer_with(
                conversation, PreferencesPhrase.OWN_PERSONA_UNUSABLE, limit=OWN_PERSONA_MAX_CHARS
            )
    return _show_personas(conversation)


def handle_persona_press(conversation: Conversation, arguments: list[str]) -> Handled:
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    if arguments == [OWN]:
        how = conversation.say_plain(PreferencesPhrase.OWN_PERSONA_HOW, limit=OWN_PERSONA_MAX_CHARS)
        return Handled(message_ids=[], toast=how)
    persona = next((known for known in Persona if arguments == [known]), None)
    if persona is None:
        return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    choose_persona(conversation.profile, persona)
    name = _name(conversation, persona)
    return _show_personas(
        conversation, toast=conversation.say_plain(PreferencesPhrase.PERSONA_TAKEN, name=name)
    )


def handle_language(conversation: Conversation) -> Handled:
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    return _show_languages(conversation)


def handle_language_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Speak the language from this answer on, and show the chat its command menu in it."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    language = next((known for known in Language if arguments == [known]), None)
    if language is None:
        return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))
    choose_language(conversation.profile, language)
    handled = _show_languages(conversation, toast=conversation.say_plain(PreferencesPhrase.LANGUAGE_TAKEN))
    try:
        show_menu(conversation.client, conversation.incoming.chat_id, language=language)
    except TelegramError as error:  # the menu is an ornament, the next choice sets it right
        log.info("menu not shown", error=type(error).__name__)
    return handled


def tick(words: str, *, is_chosen: bool) -> str:
    """Return what stands on the button of a choice."""
    return TICK + words if is_chosen else words


def _show_personas(conversation: Conversation, *, toast: str = "") -> Handled:
    text = conversation.profile.persona
    chosen = recognise_persona(text)
    if chosen is None:
        markdown = conversation.say(
            PreferencesPhrase.OWN_PERSONA_SHOWN, text=text, limit=OWN_PERSONA_MAX_CHARS
        )
    else:
        markdown = conversation.say(
            PreferencesPhrase.PERSONA_SHOWN,
            name=_name(conversation, chosen),
            text=_describe(conversation, chosen, text),
            limit=OWN_PERSONA_MAX_CHARS,
        )
    keyboard = _persona_keyboard(conversation, chosen)
    return Handled(message_ids=conversation.answer.deliver(markdown, keyboard), toast=toast)


def _persona_keyboard(conversation: Conversation, chosen: Persona | None) -> Keyboard:
    buttons = [
        Button(
            tick(_name(conversation, persona), is_chosen=persona is chosen),
            write_action(PERSONA_AREA, persona),
        )
        for persona in Persona
    ]
    own = tick(conversation.say_plain(PreferencesPhrase.OWN_PERSONA), is_chosen=chosen is None)
    buttons.append(Button(own, write_action(PERSONA_AREA, OWN)))
    starts = range(0, len(buttons), PERSONAS_IN_A_ROW)
    return tuple(tuple(buttons[start : start + PERSONAS_IN_A_ROW]) for start in starts)


def _describe(conversation: Conversation, persona: Persona, text: str) -> str:
    is_alfred = persona is Persona.ALFRED
    return conversation.say_plain(PreferencesPhrase.ALFRED_DESCRIBED) if is_alfred else text


def _name(conversation: Conversation, persona: Persona) -> str:
    return conversation.say_plain(PreferencesPhrase(f"persona_{persona}"))


def _show_languages(conversation: Conversation, *, toast: str = "") -> Handled:
    chosen = conversation.profile.language
    row = tuple(
        Button(
            tick(language.label.capitalize(), is_chosen=language == chosen),
            write_action(LANGUAGE_AREA, language),
        )
        for language in Language
    )
    markdown = conversation.say(PreferencesPhrase.LANGUAGE_SHOWN)
    return Handled(message_ids=conversation.answer.deliver(markdown, (row,)), toast=toast)
