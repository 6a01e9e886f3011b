from __future__ import annotations

import pytest

from personalization.domain.summary_check import SUMMARY_MAX_CHARS, find_summary_fault

RUSSIAN_NOTES = "Собеседницу зовут Анна. Учит Python и Django, живёт в Казани. 12 мая едет к сестре."


@pytest.mark.parametrize(
    ("summary", "language"),
    [
        (RUSSIAN_NOTES, "ru"),
        ("Учит Python, FastAPI, PostgreSQL и MongoDB, пишет тесты.", "ru"),
        ("The person's name is Anna. She is learning Python.", "en"),
        ("12.05.2026 — 14:00, 300 ₽", "ru"),
        ("Просит не извиняться по пустякам. Не может есть орехи.", "ru"),
        ("Любит «Привет» Шостаковича.", "ru"),
        ("Nombre: Ana. Vive en Madrid.", "es"),
    ],
)
def test_fit_summaries_pass(summary: str, language: str) -> None:
    assert find_summary_fault(summary, language=language) is None


@pytest.mark.parametrize(
    ("summary", "language", "fault"),
    [
        ("", "ru", "empty"),
        (" \n…", "ru", "empty"),
        ("слово " * SUMMARY_MAX_CHARS, "ru", "too_long"),
        ("Здравствуйте! Чем могу быть полезен?", "ru", "greeting"),
        ("Добрый день, Анна.", "ru", "greeting"),
        ("Hello! How can I help you today?", "en", "greeting"),
        ("Извините, я не могу это сделать.", "ru", "refusal"),
        ("Я не могу обработать эту беседу.", "ru", "refusal"),
        ("I'm sorry, but I can't help with that.", "en", "refusal"),
        ("As an AI, I have no access to conversations.", "en", "refusal"),
        ("The person's name is Anna. She is learning Python.", "ru", "language"),
        (RUSSIAN_NOTES, "en", "language"),
    ],
)
def test_unfit_summaries_are_named(summary: str, language: str, fault: str) -> None:
    assert find_summary_fault(summary, language=language) == fault
