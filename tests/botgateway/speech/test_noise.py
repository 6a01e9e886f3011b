"""What of the model's output is taken for speech."""

from __future__ import annotations

import pytest

from botgateway.speech.noise import is_noise


@pytest.mark.parametrize(
    "text",
    [
        " Да.",
        " Напомни мне завтра утром купить молоко и хлеб.",
        " Продолжение следует завтра, а сейчас мне пора.",
        " Субтитры к фильму не работают, посмотри, пожалуйста.",
        " Thanks for watching the kids today, remind me to call her.",
        " 42",
    ],
)
def test_words_said_with_confidence_are_kept(text: str) -> None:
    assert not is_noise(text, average_logprob=-0.3, compression_ratio=1.2)


@pytest.mark.parametrize(
    "text",
    [
        " Субтитры сделал DimaTorzok",
        " Субтитры создавал DimaTorzok.",
        " Редактор субтитров А.Семкин Корректор А.Егорова",
        " Продолжение следует...",
        " Спасибо за просмотр!",
        " Thanks for watching!",
        " Subtitles by the Amara.org community",
        " ...",
        " ",
    ],
)
def test_what_stands_under_films_is_dropped_however_sure_the_model_is(text: str) -> None:
    assert is_noise(text, average_logprob=-0.1, compression_ratio=1.0)


def test_a_guess_is_dropped() -> None:
    assert is_noise(" Куда-то там", average_logprob=-1.3, compression_ratio=1.1)


def test_a_loop_is_dropped() -> None:
    assert is_noise(" ну вот" * 40, average_logprob=-0.1, compression_ratio=9.0)
