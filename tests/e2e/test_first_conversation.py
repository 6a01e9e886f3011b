"""What a new user does: no key, no model; talk, be remembered, restart, be remembered still."""

from __future__ import annotations

from pathlib import Path

from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient

CHAT = 7
QUESTION = "Что Вы обо мне знаете?"


def ask(telegram: SandboxClient, text: str) -> str:
    """Write, and return the answer."""
    return telegram.ask(CHAT, text)


def start(directory: Path, *, is_webhook: bool) -> Stack:
    sandbox_options = ("--no-limits", "--data-dir", str(directory / "sandbox"))
    return Stack(
        directory,
        is_webhook=is_webhook,
        has_model=False,
        is_measured=False,
        sandbox_options=sandbox_options,
        OFFLINE_CHUNK_DELAY_S="0",
    )


def test_what_was_told_by_webhook_is_known_after_a_restart_with_long_polling(tmp_path: Path) -> None:
    with start(tmp_path, is_webhook=True) as stack:
        assert "дворецк" in ask(stack.telegram, "Привет!").lower()
        assert "Анна" in ask(stack.telegram, "Меня зовут Анна")
        ask(stack.telegram, "Я учу Python")
        known = ask(stack.telegram, QUESTION)
        assert "Анна" in known
        assert "Python" in known

    with start(tmp_path, is_webhook=False) as stack:
        known = ask(stack.telegram, QUESTION)
        assert "Анна" in known
        assert "Python" in known
        ask(stack.telegram, "Я живу в Казани")
        assert "Казан" in ask(stack.telegram, QUESTION)
        assert len(stack.telegram.answers(CHAT)) == 7
