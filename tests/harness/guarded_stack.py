"""A stack to which people are admitted by the admins: one for all tests of a pytest process that need one."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2SHA1PasswordHasher

from botgateway.wording.phrase import Phrase, say_plain
from tests.harness.processes import wait_until
from tests.harness.shared_stack import QUICK, start_stack
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient

OWNER = 900  # whose private chat is an admins' chat
ADMIN_GROUP = -1_000_500
PASSWORD = "бергамот и овсянка"
OWNER_HIMSELF = {"id": OWNER, "is_bot": False, "first_name": "Павел", "language_code": "ru"}
GROUP_MEMBER = {"id": 901, "is_bot": False, "first_name": "Пётр", "language_code": "ru"}


@cache
def guarded_stack(config: pytest.Config) -> Stack:
    """Return the running stack of this pytest process."""
    settings = {
        **QUICK,
        "OVERDUE_AFTER_S": "3",  # what a handler is about to tell the admins no sweep tells before
        "ACCESS_POLICY": "approval",
        "ADMIN_CHAT_ID": f"{OWNER},{ADMIN_GROUP}",
        "ADMIN_PASSWORD_HASH": hash_quickly(PASSWORD),
    }
    stack = start_stack(config, **settings)
    stack.telegram.write(OWNER, "/start", from_=OWNER_HIMSELF)  # until then no bot can write to him
    stack.telegram.wait_for_answers(OWNER, 1)
    stack.telegram.add_to_group(ADMIN_GROUP, title="Хозяева дома", from_=GROUP_MEMBER)
    return stack


def hash_quickly(password: str) -> str:
    """Return a hash that costs a guess nothing; of the house's own kind of hash Django makes up for that."""
    return PBKDF2SHA1PasswordHasher().encode(password, "salt", iterations=1)


def press(telegram: SandboxClient, chat_id: int, message_id: int, data: str, **fields: Any) -> str:
    """Press a button, and return the toast."""
    query = telegram.press(chat_id, message_id, data, **fields)["callback_query_id"]

    def find_answer() -> list[str]:
        answers = telegram.callback_answers(chat_id)
        return [str(answer["text"] or "") for answer in answers if answer["callback_query_id"] == query]

    wait_until(find_answer, what="an answer to the press")
    return find_answer()[0]


def find_message(telegram: SandboxClient, chat_id: int, *words: str) -> dict[str, Any]:
    """Wait for a message of the bot that holds all these words; return the latest."""

    def find() -> list[dict[str, Any]]:
        every = [message for message in telegram.messages(chat_id) if message["from_bot"]]
        return [message for message in every if all(word in message["text"] for word in words)]

    wait_until(find, what=f"{words} in chat {chat_id}")
    return find()[-1]


def buttons(telegram: SandboxClient, chat_id: int, message_id: int) -> dict[str, str]:
    """What the buttons of a message do, by what stands on them."""
    rows = telegram.keyboard(chat_id, message_id)
    return {button["text"]: button["callback_data"] for row in rows for button in row}


def words_on(phrase: Phrase, **slots: object) -> str:
    return say_plain(phrase, language="ru", **slots)
