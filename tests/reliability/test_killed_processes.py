"""`kill -9` at any moment: exactly one answer afterwards, exactly one pair in the memory."""

from __future__ import annotations

import signal

from botgateway.wording.general import GeneralPhrase
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.ports import reserve_port
from tests.harness.processes import Child, paused, wait_until
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown
from tests.reliability.facts import assert_answered_once, pairs, read_memory

MAX_ATTEMPTS = 3
FLOOD = 30
LONG_ANSWER = "\n\n".join(f"Абзац {number}. " + "слово " * 120 for number in range(8)).strip()


def wait_for_question(model: LLMStandIn, question: str, *, times: int = 1) -> None:
    wait_until(lambda: count_questions(model, question) == times, what=f"question {times} at the model")


def count_questions(model: LLMStandIn, question: str) -> int:
    return sum(request["messages"][-1]["content"] == question for request in model.requests())


def wait_until_stored(stack: Stack, chat_id: int, count: int = 1) -> None:
    inbox = stack.database().inbox_updates
    wait_until(lambda: inbox.count_documents({"chat_id": str(chat_id)}) == count, what="the stored update")


def hold_back_acceptance(telegram: SandboxClient, chat_id: int, *, skip: int = 0) -> None:
    """Let Telegram take the next message of the bot without the bot learning it."""
    telegram.order_fault(
        kind="accept_then_hang", method="sendMessage", chat_id=chat_id, seconds=60, skip=skip
    )


def test_a_killed_worker_answers_once_wherever_it_was(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack
) -> None:
    before, asked, streaming, sent, half_sent = (new_chat_id() for _ in range(5))
    questions = {chat: f"вопрос из {chat}" for chat in (before, asked, streaming, sent)}
    long_question = f"длинный вопрос из {half_sent}"
    model.script(
        {"kind": "held", "match": questions[asked]},
        {"kind": "slow", "match": questions[streaming], "text": "слово " * 1_000, "chunk_s": 0.2},
        {"kind": "answer", "match": long_question, "text": LONG_ANSWER},
    )
    hold_back_acceptance(telegram, sent)
    hold_back_acceptance(telegram, half_sent, skip=1)

    telegram.write(streaming, questions[streaming])
    telegram.write(sent, questions[sent])
    telegram.write(half_sent, long_question)
    telegram.wait_for_answers(sent, 1)
    telegram.wait_for_answers(half_sent, 2)
    telegram.wait_for_answers(streaming, 1)
    telegram.write(asked, questions[asked])
    wait_for_question(model, questions[asked])
    stack.worker.send_signal(signal.SIGSTOP)
    telegram.write(before, questions[before])
    wait_until_stored(stack, before)
    stack.worker.kill()
    model.forget_script()
    stack.worker.start()

    stack.wait_until_settled()
    for chat, question in questions.items():
        assert_answered_once(stack, chat, question)
    assert read_memory(stack, half_sent) == pairs((long_question, LONG_ANSWER))
    answers = telegram.answers(half_sent)
    assert "".join("".join(answers).split()) == "".join(LONG_ANSWER.split())
    asked_times = {chat: count_questions(model, question) for chat, question in questions.items()}
    assert asked_times == {before: 1, asked: 2, streaming: 2, sent: 1}


def test_a_worker_that_sleeps_while_another_answers_says_nothing_more(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    question = f"вопрос из {chat_id}"
    model.script({"kind": "held", "match": question, "is_silent": True})
    environment = {**stack.environment, "WORKER_METRICS_PORT": str(reserve_port())}
    other = Child("other", stack.worker.command, environment=environment, log_dir=stack.directory / "log")

    telegram.write(chat_id, question)
    wait_for_question(model, question)
    with paused(stack.worker):
        model.release()
        other.start()
        telegram.wait_for_answers(chat_id, 1)
        stack.wait_until_settled()
        other.stop()

    stack.worker.wait_for_output("turn lost, left to the next worker")
    assert_answered_once(stack, chat_id, question)


def test_an_answer_that_was_sent_is_found_again_among_many_other_messages(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    """Telegram counts the messages of all private chats together: much can come between question and answer."""
    others = [new_chat_id() for _ in range(3)]
    model.script({"kind": "held", "match": "Не спешите", "text": "Не спешу."})
    hold_back_acceptance(telegram, chat_id)

    telegram.write(chat_id, "Не спешите")
    wait_for_question(model, "Не спешите")
    for number in range(FLOOD):
        telegram.write(others[number % len(others)], f"шум {number}")
    model.release()
    telegram.wait_for_answers(chat_id, 1)
    for number in range(FLOOD // 10):
        telegram.write(chat_id, f"ещё {number}")
    stack.worker.kill()
    stack.worker.start()

    stack.wait_until_settled()
    more = [f"ещё {number}" for number in range(FLOOD // 10)]
    assert telegram.answers(chat_id) == ["Не спешу.", *(default_answer(text, words=0) for text in more)]


def test_a_message_that_kills_the_worker_each_time_is_given_up_and_the_chat_goes_on(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    poison = f"яд {chat_id}"
    model.script({"kind": "held", "match": poison, "times": 0})

    update = telegram.write(chat_id, poison)
    telegram.write(chat_id, "Следующее")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        wait_for_question(model, poison, times=attempt)
        stack.worker.kill()
        stack.worker.start()

    answers = telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()
    assert answers == [shown(GeneralPhrase.PARKED), default_answer("Следующее", words=0)]
    stored = stack.database().inbox_updates.find_one({"update_id": update["update_id"]})
    assert stored is not None
    assert (stored["status"], stored["attempts"]) == ("parked", MAX_ATTEMPTS)
    assert count_questions(model, poison) == MAX_ATTEMPTS
    assert read_memory(stack, chat_id) == pairs(("Следующее", answers[1]))


def test_an_answer_that_telegram_refuses_for_good_is_given_up_and_the_chat_goes_on(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    refusal = {"kind": "error", "status": 400, "description": "Bad Request: REFUSED_FOR_GOOD"}
    telegram.order_fault(**refusal, method="sendMessage", chat_id=chat_id, times=MAX_ATTEMPTS)
    after_apology = {"kind": "accept_then_drop", "skip": 1}
    telegram.order_fault(**after_apology, method="sendMessage", chat_id=chat_id)

    telegram.write(chat_id, "/ping")  # an answer without drafts, each of which would be refused as well
    telegram.write(chat_id, "Следующее")

    telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()
    assert telegram.answers(chat_id) == [shown(GeneralPhrase.PARKED), default_answer("Следующее", words=0)]


def test_a_web_process_killed_between_storing_and_answering_loses_nothing_and_doubles_nothing(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, "До")
    telegram.wait_for_answers(chat_id, 1)
    stack.wait_until_settled()

    with paused(stack.redis):
        telegram.write(chat_id, "Между")
        wait_until_stored(stack, chat_id, 2)  # the web process now waits for the broker
        stack.web.kill()
    telegram.write(chat_id, "После")
    assert len(telegram.get("pending")["updates"]) >= 1
    stack.web.start()

    telegram.wait_for_answers(chat_id, 3)
    stack.wait_until_settled()
    assert_answered_once(stack, chat_id, "До", "Между", "После")
