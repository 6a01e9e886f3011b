"""The command menus that Telegram shows: which commands, in which order, with which words."""

from __future__ import annotations

from botgateway.wording.phrase import load_phrases

IN_GROUPS = ("help", "ping")


def command_menu(language: str) -> list[tuple[str, str]]:
    """Return (command, description) of everything a person can say in a private chat."""
    return list(load_phrases("menu", language).items())


def group_menu(language: str) -> list[tuple[str, str]]:
    return [entry for entry in command_menu(language) if entry[0] in IN_GROUPS]


def admin_menu(language: str) -> list[tuple[str, str]]:
    """Return the menu of an admins' chat."""
    return command_menu(language) + list(load_phrases("menu_admin", language).items())
