from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from threading import Event

import pytest
import telebot
from telebot.apihelper import ApiTelegramException

from sandbox.webhook import FIRST_RETRY_S, REQUEST_TIMEOUT_S
from tests.harness.processes import PATIENCE_S, wait_until
from tests.sandbox.receiver import Delivery, Receiver, receiving
from tests.sandbox.server import Sandbox

HELD_S = REQUEST_TIMEOUT_S - 5.0  # at most: then it would be delivered again


@pytest.fixture
def receiver(sandbox: Sandbox) -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
        sandbox.call("deleteWebhook", drop_pending_updates=True)


def test_updates_come_with_the_secret(bot: telebot.TeleBot, sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.say("queued before")
    assert bot.set_webhook(receiver.url, secret_token="s3cret-_", max_connections=7) is True
    sandbox.say("and after")

    accepted = receiver.wait_for(2)
    assert [(one.text, one.secret) for one in accepted] == [
        ("queued before", "s3cret-_"),
        ("and after", "s3cret-_"),
    ]
    info = bot.get_webhook_info()
    assert (info.url, info.max_connections, info.last_error_message) == (receiver.url, 7, None)


def test_one_chat_is_served_in_order_while_others_go_on(sandbox: Sandbox, receiver: Receiver) -> None:
    are_others_served = Event()

    def answer(delivery: Delivery) -> tuple[int, float]:
        if delivery.chat_id == 1:
            are_others_served.wait(HELD_S)
        return 200, 0.0

    receiver.answer = answer
    sandbox.call("setWebhook", url=receiver.url)
    for number in range(3):
        sandbox.say(f"slow {number}", chat_id=1)
        sandbox.say(f"quick {number}", chat_id=2)

    assert {one.chat_id for one in receiver.wait_for(3)} == {2}
    wait_until(lambda: len(receiver.deliveries) >= 4, what="the first of the chat that is slow")
    assert [one.text for one in receiver.deliveries if one.chat_id == 1] == ["slow 0"]
    are_others_served.set()

    accepted = receiver.wait_for(6)
    slow = [one for one in accepted if one.chat_id == 1]
    quick = [one for one in accepted if one.chat_id == 2]
    assert [one.text for one in slow] == ["slow 0", "slow 1", "slow 2"]
    assert all(before.ended_at <= after.began_at for before, after in pairwise(slow))
    assert [one.text for one in quick] == ["quick 0", "quick 1", "quick 2"]


def test_what_is_refused_comes_again_before_what_follows(
    bot: telebot.TeleBot, sandbox: Sandbox, receiver: Receiver
) -> None:
    statuses = iter([500, 302, 404])
    receiver.answer = lambda _delivery: (next(statuses, 200), 0.0)
    sandbox.call("setWebhook", url=receiver.url)
    sandbox.say("first")
    sandbox.say("second")

    assert [one.text for one in receiver.wait_for(2)] == ["first", "second"]
    assert [one.text for one in receiver.deliveries] == ["first"] * 4 + ["second"]
    began = [one.began_at for one in receiver.deliveries]
    pauses = [after - before for before, after in pairwise(began[:4])]
    assert all(pause_s >= 0.99 * FIRST_RETRY_S * 2**number for number, pause_s in enumerate(pauses))
    info = bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 404 Not Found"
    assert info.last_error_date > 0


def test_nothing_is_lost_while_the_receiver_is_away(bot: telebot.TeleBot, sandbox: Sandbox) -> None:
    with receiving() as gone:
        url = gone.url
    sandbox.call("setWebhook", url=url)
    sandbox.say("patience")
    while bot.get_webhook_info().last_error_message is None:
        pass
    assert bot.get_webhook_info().pending_update_count == 1

    sandbox.call("deleteWebhook")
    assert bot.get_updates(timeout=1)[0].message.text == "patience"


def test_connections_are_limited(sandbox: Sandbox, receiver: Receiver) -> None:
    are_two_here = Event()

    def answer(_delivery: Delivery) -> tuple[int, float]:
        are_two_here.wait(HELD_S)
        return 200, 0.15

    receiver.answer = answer
    sandbox.call("setWebhook", url=receiver.url, max_connections=2)
    for chat_id in range(1, 7):
        sandbox.say("x", chat_id=chat_id)

    wait_until(lambda: len(receiver.deliveries) >= 2, what="two deliveries at once")
    are_two_here.set()

    accepted = receiver.wait_for(6)
    moments = [one.began_at for one in accepted]
    assert max(sum(one.began_at <= at < one.ended_at for one in accepted) for at in moments) == 2


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://127.0.0.1/", "invalid webhook URL specified"),
        ("https://example.org/hook", "bad webhook: the sandbox delivers to loopback addresses only"),
    ],
)
def test_wrong_addresses_are_refused(bot: telebot.TeleBot, url: str, reason: str) -> None:
    with pytest.raises(ApiTelegramException) as refusal:
        bot.set_webhook(url)

    assert refusal.value.description == f"Bad Request: {reason}"


def is_answered(receiver: Receiver) -> bool:
    """Tell whether there was a delivery, and none is under way."""
    return bool(receiver.deliveries) and all(one.status for one in receiver.deliveries)


def test_delivery_goes_on_after_sigkill(launch: Callable[..., Sandbox], tmp_path: object) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _delivery: (503, 0.0)
        first = launch("--data-dir", str(tmp_path))
        first.call("setWebhook", url=receiver.url, secret_token="kept")
        said = first.say("survivor")
        wait_until(lambda: is_answered(receiver), what="a refusal")
        first.process.kill()
        first.process.wait(PATIENCE_S)
        wait_until(lambda: is_answered(receiver), what="the refusal of what was on its way")
        receiver.answer = lambda _delivery: (200, 0.0)
        second = launch("--data-dir", str(tmp_path))

        (delivery,) = receiver.wait_for(1)
        second.stop()
    assert (delivery.text, delivery.secret) == ("survivor", "kept")
    assert delivery.update["update_id"] == said["update_id"]
