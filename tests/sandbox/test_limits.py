from __future__ import annotations

import pytest

from sandbox.errors import BotApiError, ControlError
from sandbox.limits import Limiter, LimitSettings


def test_no_second_takes_more_than_the_peak_whatever_the_chats() -> None:
    limiter = Limiter(LimitSettings(overall_peak=3), clock=lambda: 1_000.0)
    for chat in range(3):
        limiter.check_send(chat)

    with pytest.raises(BotApiError) as refusal:
        limiter.check_send(3)

    assert (refusal.value.code, refusal.value.retry_after) == (429, 1)
    limiter.reset()
    limiter.check_edit(0, 1)


def test_as_it_is_the_peak_refuses_nothing_that_the_rates_allow() -> None:
    settings = LimitSettings()
    limiter = Limiter(settings, clock=lambda: 1_000.0)

    for chat in range(int(settings.overall_burst)):
        limiter.check_send(chat)

    with pytest.raises(ControlError):
        settings.change({"overall_peak": 0})
