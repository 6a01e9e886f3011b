"""/model: the models of all configured providers, in pages. A button carries a key, as names can be too long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum, auto

from django.utils import timezone

from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.domain.catalogue_notices import tell_admins
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.handlers.preferences import tick
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.preferences import PreferencesPhrase
from botgateway.wording.times import say_date
from llm.catalogue import build_key, list_models, read_known_lists, read_model_name, write_choice
from llm.providers.base import ModelDescription
from personalization.domain.preferences import choose_model

MODEL_AREA = "model"
PAGE_MODELS = 8
LABEL_MAX_CHARS = 38  # with its tick forty, what a telephone shows of a button
LABEL_END_CHARS = 18  # sizes and dates stand at the end of a model's name
MOST_PAGE_DIGITS = 4


class Step(StrEnum):
    """What a button does."""

    HOUSE = auto()
    TAKE = auto()
    PAGE = auto()


def handle_model(conversation: Conversation) -> Handled:
    """Show the page that has the person's choice."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    models = list_models(tell=tell_admins)
    choices = [write_choice(model) for model in models]
    chosen = conversation.profile.model
    return _show_page(conversation, models, choices.index(chosen) // PAGE_MODELS if chosen in choices else 0)


def handle_model_press(conversation: Conversation, arguments: list[str]) -> Handled:
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    match arguments:
        case [Step.HOUSE]:
            return _take_house(conversation)
        case [Step.TAKE, key, page]:
            return _take(conversation, key, _read_page(page))
        case [Step.PAGE, page]:
            return _show_page(conversation, list_models(tell=tell_admins), _read_page(page))
    return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))


def _take_house(conversation: Conversation) -> Handled:
    choose_model(conversation.profile, "")
    toast = conversation.say_plain(PreferencesPhrase.MODEL_OF_HOUSE_TAKEN)
    return _show_page(conversation, list_models(tell=tell_admins), 0, toast=toast)


def _take(conversation: Conversation, key: str, page: int) -> Handled:
    models = list_models(tell=tell_admins)
    chosen = next((model for model in models if build_key(write_choice(model)) == key), None)
    if chosen is None:
        toast = conversation.say_plain(PreferencesPhrase.MODEL_NOT_LISTED)
    else:
        choice = write_choice(chosen)
        choose_model(conversation.profile, choice)
        name = _shorten(name_models(models)[choice])
        toast = conversation.say_plain(PreferencesPhrase.MODEL_TAKEN, model=name)
    return _show_page(conversation, models, page, toast=toast)


def _show_page(
    conversation: Conversation, models: Sequence[ModelDescription], page: int, *, toast: str = ""
) -> Handled:
    chosen = conversation.profile.model
    if chosen:
        name = name_models(models).get(chosen, read_model_name(chosen))
        markdown = conversation.say(PreferencesPhrase.MODEL_SHOWN, model=name)
    else:
        markdown = conversation.say(PreferencesPhrase.MODEL_OF_HOUSE_SHOWN)
    house = conversation.say_plain(PreferencesPhrase.MODEL_OF_HOUSE)
    keyboard = build_keyboard(models, chosen=chosen, page=page, house=house)
    text = "\n\n".join([markdown, *_tell_stale(conversation)])
    return Handled(message_ids=conversation.answer.deliver(text, keyboard), toast=toast)


def _tell_stale(conversation: Conversation) -> list[str]:
    """Say of which day a list is whose provider does not answer: its models can be chosen all the same."""
    return [
        conversation.say(
            PreferencesPhrase.MODELS_AS_OF,
            provider=known.provider,
            date=say_date(timezone.localdate(known.refreshed_at), language=conversation.language),
        )
        for known in read_known_lists()
        if known.is_stale and known.refreshed_at
    ]


def build_keyboard(models: Sequence[ModelDescription], *, chosen: str, page: int, house: str) -> Keyboard:
    """Return one page, the last one if there are fewer; the first begins with `house`, which is no choice."""
    last = max(0, (len(models) - 1) // PAGE_MODELS)
    page = min(page, last)
    house_button = Button(tick(house, is_chosen=not chosen), write_action(MODEL_AREA, Step.HOUSE))
    rows = [] if page else [(house_button,)]
    names = name_models(models)
    for model in models[page * PAGE_MODELS : (page + 1) * PAGE_MODELS]:
        choice = write_choice(model)
        words = tick(_shorten(names[choice]), is_chosen=choice == chosen)
        rows.append((Button(words, write_action(MODEL_AREA, Step.TAKE, build_key(choice), page)),))
    return (*rows, _build_paging(page, last))


def name_models(models: Sequence[ModelDescription]) -> dict[str, str]:
    """Return what each choice is called: by its provider as well where two models have one name."""
    namesakes = Counter(model.id for model in models)
    return {
        write_choice(model): f"{model.id} ({model.provider})" if namesakes[model.id] > 1 else model.id
        for model in models
    }


def _build_paging(page: int, last: int) -> tuple[Button, ...]:
    """Return buttons that name the pages, counted from one, to which they lead."""
    row = []
    if page > 0:
        row.append(Button(f"← {page}", write_action(MODEL_AREA, Step.PAGE, page - 1)))
    if page < last:
        row.append(Button(f"{page + 2} →", write_action(MODEL_AREA, Step.PAGE, page + 1)))
    return tuple(row)


def _shorten(name: str) -> str:
    """Return a name that fits on a button: its middle goes, as families begin alike and sizes end it."""
    name = " ".join(name.split())
    if len(name) <= LABEL_MAX_CHARS:
        return name
    return f"{name[: LABEL_MAX_CHARS - LABEL_END_CHARS - 1]}…{name[-LABEL_END_CHARS:]}"


def _read_page(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= MOST_PAGE_DIGITS else 0
