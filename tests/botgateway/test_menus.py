"""The menus as Telegram shows them, in the scopes and languages that it knows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import requests
from pytest_django.fixtures import Settings
from telebot import apihelper

from botgateway.delivery.telegram import TelegramClient
from botgateway.errors import TelegramUnavailable
from botgateway.handlers.menus import register_menus, show_menu
from botgateway.wording.menu import admin_menu, command_menu, group_menu
from personalization.enums import Language
from tests.factories.personalization import ProfileFactory
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import TOKEN, start_sandbox

pytestmark = pytest.mark.django_db

PROCESS_WIDE = ("API_URL", "FILE_URL", "CONNECT_TIMEOUT", "READ_TIMEOUT", "CUSTOM_REQUEST_SENDER")
GROUP = -100_500
STRANGERS_CHAT = 999_999

_chat_ids = count(700)


@pytest.fixture(scope="module")
def telegram() -> Iterator[SandboxClient]:
    with requests.Session() as http:
        sandbox = start_sandbox(http=http)
        client = SandboxClient(sandbox.root)
        yield client
        client.close()
    sandbox.stop()
    assert sandbox.process.stdout is not None
    sandbox.process.stdout.close()


@pytest.fixture
def client(telegram: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> TelegramClient:
    """Butler's own client; what it sets for the whole process is put back."""
    for name in PROCESS_WIDE:
        monkeypatch.setattr(apihelper, name, getattr(apihelper, name))
    return TelegramClient(token=TOKEN, api_url=telegram.url)


@pytest.fixture
def chat_id(telegram: SandboxClient) -> int:
    """A chat that Telegram knows: its person has written."""
    chat_id = next(_chat_ids)
    telegram.write(chat_id, "/start")
    return chat_id


def read_menu(telegram: SandboxClient, chat_id: int, language: str) -> list[tuple[str, str]]:
    return list(telegram.commands(chat_id, language=language).items())


@pytest.mark.parametrize(("theirs", "shown"), [("ru", "ru"), ("en", "en"), ("de", "ru"), ("", "ru")])
def test_people_see_the_menu_of_where_they_are_in_the_language_of_their_telegram(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, theirs: str, shown: str
) -> None:
    register_menus(client)

    assert read_menu(telegram, chat_id, theirs) == command_menu(shown)
    assert read_menu(telegram, GROUP, theirs) == group_menu(shown)


@pytest.mark.parametrize("theirs", ["ru", "en", "de"])
@pytest.mark.parametrize("chosen", Language.values)
def test_a_language_that_was_chosen_goes_before_that_of_the_persons_telegram(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, theirs: str, chosen: str
) -> None:
    show_menu(client, chat_id, language=chosen)
    register_menus(client)

    assert read_menu(telegram, chat_id, theirs) == command_menu(chosen)


def test_an_admins_chat_has_the_admins_menu_and_keeps_it_when_a_language_is_chosen(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, settings: Settings
) -> None:
    settings.ADMIN_CHAT_IDS = [chat_id]
    register_menus(client)
    assert read_menu(telegram, chat_id, "ru") == admin_menu("ru")
    assert read_menu(telegram, chat_id, "en") == admin_menu("en")

    show_menu(client, chat_id, language="en")

    assert read_menu(telegram, chat_id, "ru") == admin_menu("en")


def test_a_restart_keeps_the_language_that_an_admin_has_chosen(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, settings: Settings
) -> None:
    settings.ADMIN_CHAT_IDS = [chat_id]
    ProfileFactory(user_id=str(chat_id), language="en")

    register_menus(client)

    assert read_menu(telegram, chat_id, "ru") == admin_menu("en")


def test_an_admin_whom_telegram_does_not_know_yet_keeps_nobody_from_starting(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, settings: Settings
) -> None:
    settings.ADMIN_CHAT_IDS = [STRANGERS_CHAT, chat_id]

    register_menus(client)

    assert read_menu(telegram, chat_id, "ru") == admin_menu("ru")


def test_a_telegram_that_is_away_is_reported_to_be_tried_again(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, settings: Settings
) -> None:
    settings.ADMIN_CHAT_IDS = [chat_id]
    telegram.order_fault(method="setMyCommands", kind="error", status=502, times=1)

    with pytest.raises(TelegramUnavailable):
        register_menus(client)
