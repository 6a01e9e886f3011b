"""/memory: what is remembered, page by page, with a button under each item that strikes it out."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from botgateway.delivery.entities import clean_text
from botgateway.delivery.markdown import render
from botgateway.domain.buttons import Button, Keyboard, write_action
from botgateway.handlers.conversation import Conversation, Handled, answer_with
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.memory import MemoryPhrase
from botgateway.wording.times import say_age, say_date, say_expiry
from llm.prompt import is_blank
from personalization.domain.inventory import Deletion, Item, ItemKind, Page, delete_item, read_page
from personalization.domain.profiles import reset_profile
from personalization.enums import MemorySource

MEMORY_AREA = "memory"
PAGE, RESET, RESET_CONFIRMED = "page", "reset", "wipe"
BEGINNING_CHARS = 120  # a line or two on a telephone
PAGE_MAX_DIGITS = 4  # of a number that comes from outside

OUTCOMES = {
    Deletion.DONE: MemoryPhrase.DELETED,
    Deletion.GONE: MemoryPhrase.GONE,
    Deletion.SUMMARISED: MemoryPhrase.SUMMARISED,
}
KINDS = {kind.value: kind for kind in ItemKind}
SOURCES = {MemorySource.VOICE: MemoryPhrase.BY_VOICE, MemorySource.FILE: MemoryPhrase.WITH_FILE}


def handle_memory(conversation: Conversation) -> Handled:
    """Show the first page."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    return _show_page(conversation, 0)


def handle_memory_press(conversation: Conversation, arguments: list[str]) -> Handled:
    """Turn the page, strike an item out, or begin with a clean slate."""
    if not conversation.has_memory:
        return answer_with(conversation, GeneralPhrase.MEMORY_OFF)
    match arguments:
        case [verb, number] if verb == PAGE:
            return _show_page(conversation, _read_number(number))
        case [verb] if verb == RESET:
            return _ask_to_reset(conversation)
        case [verb] if verb == RESET_CONFIRMED:
            return _reset(conversation)
        case [letter, reference, number] if letter in KINDS:
            outcome = delete_item(conversation.user_id, KINDS[letter], reference)
            toast = conversation.say_plain(OUTCOMES[outcome])
            return _show_page(conversation, _read_number(number), toast=toast)
    return Handled(message_ids=[], toast=conversation.say_plain(GeneralPhrase.BUTTON_OUTDATED))


def _read_number(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= PAGE_MAX_DIGITS
    return int(text) if is_number else 0


def _show_page(conversation: Conversation, number: int, *, toast: str = "") -> Handled:
    page = read_page(conversation.user_id, number)
    text = _describe_page(conversation, page)
    return Handled(
        message_ids=conversation.answer.deliver(text, _build_keyboard(conversation, page)), toast=toast
    )


def _describe_page(conversation: Conversation, page: Page) -> str:
    if not page.items:
        return conversation.say(MemoryPhrase.EMPTY)
    is_only = page.number == 0 and page.is_last
    title = (
        conversation.say(MemoryPhrase.TITLE)
        if is_only
        else conversation.say(MemoryPhrase.TITLE_OF_PAGE, page=page.number + 1)
    )
    now = timezone.now()
    items = [_describe(conversation, item, number, now) for number, item in enumerate(page.items, page.first)]
    return "\n\n".join([title, *items])


def _describe(conversation: Conversation, item: Item, number: int, now: datetime) -> str:
    term = _say_term(conversation, item, now)
    text, answer = _shorten(conversation, item.text), _shorten_markdown(conversation, item.answer)
    match item.kind:
        case ItemKind.FILE:
            return conversation.say(MemoryPhrase.FILE, number=number, name=text, term=term)
        case ItemKind.SUMMARY:
            beginning = _shorten_markdown(conversation, item.text)
            return conversation.say(MemoryPhrase.SUMMARY, number=number, beginning=beginning, term=term)
        case ItemKind.TOPIC:
            return conversation.say(MemoryPhrase.TOPIC, number=number, topic=text, term=term)
    if not item.answer:
        return conversation.say(MemoryPhrase.QUESTION_ALONE, number=number, question=text, term=term)
    if not item.text:
        return conversation.say(MemoryPhrase.ANSWER_ALONE, number=number, answer=answer, term=term)
    return conversation.say(MemoryPhrase.TURN, number=number, question=text, answer=answer, term=term)


def _say_term(conversation: Conversation, item: Item, now: datetime) -> str:
    """Say how old the item is, when it goes by itself, and in which way it came if not in writing."""
    language = conversation.language
    if item.kind is ItemKind.SUMMARY:
        day = say_date(timezone.localdate(item.at), language=language)
        return conversation.say_plain(MemoryPhrase.TERM_OF_SUMMARY, date=day)
    if item.expires_at is None:
        return conversation.say_plain(MemoryPhrase.NO_TERM)
    age = say_age(now - item.at, language=language)
    expiry = say_expiry(item.expires_at - now, language=language)
    term = conversation.say_plain(MemoryPhrase.TERM, age=age, expiry=expiry)
    source = SOURCES.get(item.source) if item.kind is ItemKind.TURN else None
    return f"{conversation.say_plain(source)}, {term}" if source else term


def _shorten(conversation: Conversation, text: str) -> str:
    """Return the beginning on one line."""
    if is_blank(text):
        return conversation.say_plain(MemoryPhrase.BLANK)
    line = " ".join(text[: 4 * BEGINNING_CHARS].split())
    return line if len(line) <= BEGINNING_CHARS else line[:BEGINNING_CHARS].rstrip() + "…"


def _shorten_markdown(conversation: Conversation, markdown: str) -> str:
    """Return the beginning of what a model wrote, without its marks: cut off, half of them would be left."""
    return _shorten(conversation, render(clean_text(markdown[: 4 * BEGINNING_CHARS])).text)


def _build_keyboard(conversation: Conversation, page: Page) -> Keyboard:
    say = conversation.say_plain
    deletions = tuple(
        Button(
            say(MemoryPhrase.DELETE_BUTTON, number=number),
            write_action(MEMORY_AREA, item.kind.value, item.reference, page.number),
        )
        for number, item in enumerate(page.items, page.first)
    )
    turning = []
    if page.number:
        newer = write_action(MEMORY_AREA, PAGE, page.number - 1)
        turning.append(Button(say(MemoryPhrase.NEWER_BUTTON), newer))
    if not page.is_last:
        older = write_action(MEMORY_AREA, PAGE, page.number + 1)
        turning.append(Button(say(MemoryPhrase.OLDER_BUTTON), older))
    reset = Button(say(MemoryPhrase.RESET_BUTTON), write_action(MEMORY_AREA, RESET))
    rows = (deletions, tuple(turning), (reset,) if page.number == 0 else ())
    return tuple(row for row in rows if row)


def _ask_to_reset(conversation: Conversation) -> Handled:
    yes = Button(conversation.say_plain(MemoryPhrase.RESET_YES), write_action(MEMORY_AREA, RESET_CONFIRMED))
    no = Button(conversation.say_plain(MemoryPhrase.RESET_NO), write_action(MEMORY_AREA, PAGE, 0))
    text = conversation.say(MemoryPhrase.RESET_QUESTION)
    return Handled(message_ids=conversation.answer.deliver(text, ((yes, no),)))


def _reset(conversation: Conversation) -> Handled:
    """Burn the records; what is said about it is still said in the language of before."""
    done = conversation.say(MemoryPhrase.RESET_DONE)
    reset_profile(conversation.user_id)
    return Handled(message_ids=conversation.answer.deliver(done))
