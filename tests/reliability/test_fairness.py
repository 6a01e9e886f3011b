"""Many chats at once: order within each, and nobody waits for somebody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.processes import wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.reliability.facts import assert_answered_once

CHATS, MESSAGES = 20, 5
FLOOD = 40


def test_twenty_chats_at_once_are_each_answered_once_and_in_order(
    telegram: SandboxClient, stack: Stack
) -> None:
    chats = [new_chat_id() for _ in range(CHATS)]
    questions = [f"вопрос {number}" for number in range(MESSAGES)]

    def talk(chat: int) -> None:
        client = SandboxClient(telegram.url)
        for question in questions:
            client.write(chat, question)
        client.close()

    with ThreadPoolExecutor(CHATS) as pool:
        list(pool.map(talk, chats))

    stack.wait_until_settled()
    for chat in chats:
        assert_answered_once(stack, chat, *questions)


def test_a_slow_answer_in_one_chat_delays_no_other(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    others = [new_chat_id() for _ in range(5)]
    slow = f"думайте, {chat_id}"
    model.script({"kind": "held", "match": slow, "text": "Всё."})
    telegram.write(chat_id, slow)
    wait_until(lambda: slow in str(model.requests()[-1:]), what="the slow question at the model")

    for other in others:
        telegram.write(other, "Быстро")
        telegram.wait_for_answers(other, 1)

    assert telegram.answers(chat_id) == []
    model.release()
    assert telegram.wait_for_answers(chat_id, 1) == ["Всё."]
    stack.wait_until_settled()
    for other in others:
        assert_answered_once(stack, other, "Быстро")


def test_a_flood_in_one_chat_waits_for_itself(telegram: SandboxClient, stack: Stack, chat_id: int) -> None:
    others = [new_chat_id() for _ in range(3)]
    flood = [f"поток {number}" for number in range(FLOOD)]

    for text in flood:
        telegram.write(chat_id, text)
    for other in others:
        telegram.write(other, "А мне?")
        telegram.wait_for_answers(other, 1)

    stack.wait_until_settled()
    assert_answered_once(stack, chat_id, *flood)
