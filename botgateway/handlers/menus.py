"""The command menus that Telegram shows: for everybody, in groups, in admins' chats, in a chat's own language.

Telegram takes the narrowest scope that has a menu: a chat's own, then all groups, then everybody; within a scope the
menu for the language of the person's Telegram goes first (core.telegram.org/bots/api#determining-list-of-commands).
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.conf import settings
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from botgateway.delivery.telegram import CommandScope, TelegramClient
from botgateway.errors import TelegramError
from botgateway.wording.menu import admin_menu, command_menu, group_menu
from personalization.domain.profiles import find_language
from personalization.enums import Language

log = structlog.get_logger(__name__)


def register_menus(client: TelegramClient) -> None:
    """Register every menu, Russian for everybody, the others for those whose Telegram speaks them.

    Raises what a later attempt may mend. An admin's chat that Telegram does not know (yet) does without.
    """
    for language, asked_for in _telegram_languages():
        client.set_commands(command_menu(language), language=asked_for)
        client.set_commands(group_menu(language), language=asked_for, scope=CommandScope.GROUPS)
    for chat_id in settings.ADMIN_CHAT_IDS:
        try:
            _register_admin_menu(client, chat_id)
        except TelegramError as error:
            if error.is_transient:
                raise
            log.warning("no menu for an admin's chat", chat_id=chat_id, error=type(error).__name__)


def show_menu(client: TelegramClient, chat_id: int, *, language: str) -> None:
    """Show one chat its menu in a language of its own, whatever the person's Telegram speaks."""
    menu = admin_menu(language) if chat_id in settings.ADMIN_CHAT_IDS else command_menu(language)
    for _, asked_for in _telegram_languages():
        client.set_commands(menu, language=asked_for, chat_id=chat_id)


def _register_admin_menu(client: TelegramClient, chat_id: int) -> None:
    if chosen := _find_chosen_language(chat_id):
        show_menu(client, chat_id, language=chosen)
        return
    for language, asked_for in _telegram_languages():
        client.set_commands(admin_menu(language), language=asked_for, chat_id=chat_id)


def _find_chosen_language(chat_id: int) -> str | None:
    """Return the language of the admin's profile; a database that is not up yet is no reason not to start."""
    try:
        return find_language(str(chat_id))
    except (DatabaseError, PyMongoError) as error:
        log.warning("language of an admin not read", error=type(error).__name__)
        return None


def _telegram_languages() -> Iterator[tuple[str, str | None]]:
    """Yield each of Butler's languages with the code under which Telegram keeps it; Russian is for all the rest."""
    for language in Language.values:
        yield language, None if language == Language.RUSSIAN else language
