"""Menus and preferences as Telegram shows them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
import requests
from pytest_django.fixtures import Settings
from telebot import apihelper

from botgateway.delivery.answer import Answer
from botgateway.delivery.telegram import TelegramClient
from botgateway.domain.bundles import Bundle
from botgateway.domain.turns import Turn
from botgateway.domain.updates import ButtonPress, Incoming, IncomingMessage, Sender
from botgateway.errors import TelegramUnavailable
from botgateway.handlers.buttons import handle_press
from botgateway.handlers.commands import COMMANDS
from botgateway.handlers.conversation import Conversation
from botgateway.handlers.menus import register_menus, show_menu
from botgateway.models import InboxUpdate
from botgateway.wording.general import GeneralPhrase
from botgateway.wording.menu import admin_menu, command_menu, group_menu
from personalization.enums import Language
from personalization.models import UserProfile
from tests.factories.personalization import ProfileFactory
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown
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


@pytest.mark.parametrize(("theirs", "seen"), [("ru", "ru"), ("en", "en"), ("de", "ru"), ("", "ru")])
def test_people_see_the_menu_of_where_they_are_in_the_language_of_their_telegram(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, theirs: str, seen: str
) -> None:
    register_menus(client)

    assert read_menu(telegram, chat_id, theirs) == command_menu(seen)
    assert read_menu(telegram, GROUP, theirs) == group_menu(seen)


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


def open_conversation(client: TelegramClient, incoming: Incoming) -> Conversation:
    shown_ids = [incoming.message_id] if isinstance(incoming, ButtonPress) else []
    answer = Answer(
        client, incoming.chat_id, record=len, find_newest_id=lambda: incoming.message_id, shown_ids=shown_ids
    )
    bundle = Bundle(InboxUpdate(), incoming)
    return Conversation(incoming, answer, client, bundle, Turn(str(incoming.chat_id)))


def test_without_personalisation_there_is_nothing_to_keep_or_to_show(
    client: TelegramClient, telegram: SandboxClient, chat_id: int, settings: Settings
) -> None:
    settings.PERSONALIZATION_ENABLED = False
    settings.TELEGRAM_CHAT_RATE_PER_S = 1_000
    place = {"chat_id": chat_id, "message_id": 1, "sender": Sender(user_id=str(chat_id))}

    commands = ("/persona", "/persona старый адмирал", "/language", "/model")
    for text in (*commands, "/memory", "/export", "/forget_me"):
        message = IncomingMessage(**place, text=text)
        sent = COMMANDS[str(message.command)](open_conversation(client, message)).message_ids
        assert [telegram.message(chat_id, number)["text"] for number in sent] == [
            shown(GeneralPhrase.MEMORY_OFF)
        ]
    place["message_id"] = client.send_message(chat_id, "Что выберете?", is_html=False)
    for data in ("persona:tutor", "language:en", "model:house", "memory:page:0", "forget:yes:ru"):
        handle_press(open_conversation(client, ButtonPress(**place, query_id="1", data=data)))

    assert telegram.answers(chat_id) == [shown(GeneralPhrase.MEMORY_OFF)] * 8
    assert UserProfile.objects.count() == 0
