"""What makes a chat a conversation: quotes, edits, long texts, /retry, /stop."""

from __future__ import annotations

from datetime import timedelta

from botgateway.wording.conversation import ConversationPhrase
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown


def asked_of_model(model: LLMStandIn, mark: str) -> list[str]:
    """The last turns of the prompts in which `mark` was asked."""
    asked = [str(request["messages"][-1]["content"]) for request in model.requests()]
    return [question for question in asked if mark in question]


def remembered(stack: Stack, user_id: int) -> list[str]:
    events = (
        stack.database().user_memory.find({"user_id": str(user_id)}).sort([("created_at", 1), ("_id", 1)])
    )
    return [event["content"] for event in events]


def test_a_quoted_message_reaches_the_model(telegram: SandboxClient, model: LLMStandIn, chat_id: int) -> None:
    telegram.write(chat_id, "Первое")
    telegram.wait_for_whole_answers(chat_id, 1)
    answer_id = telegram.messages(chat_id)[-1]["message_id"]

    telegram.write(chat_id, f"Почему {chat_id}?", reply_to_message_id=answer_id)

    telegram.wait_for_whole_answers(chat_id, 2)
    (question,) = asked_of_model(model, f"Почему {chat_id}?")
    assert default_answer("Первое", words=0) in question


def test_an_edit_after_the_answer_is_noticed_and_retry_answers_the_new_wording(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    written = telegram.write(chat_id, f"Сколько будет {chat_id}?")
    telegram.wait_for_whole_answers(chat_id, 1)

    telegram.edit(chat_id, written["message_id"], f"Сколько будет дважды {chat_id}?")

    assert telegram.wait_for_whole_answers(chat_id, 2)[1] == shown(ConversationPhrase.EDIT_NOTICED)
    noticed = telegram.messages(chat_id)[-1]["message_id"]
    ((button,),) = telegram.keyboard(chat_id, noticed)
    telegram.press(chat_id, noticed, button["callback_data"])
    stack.wait_until_settled()
    new_answer = default_answer(f"Сколько будет дважды {chat_id}?", words=0)
    assert telegram.answers(chat_id)[1] == new_answer
    assert remembered(stack, chat_id) == [f"Сколько будет дважды {chat_id}?", new_answer]


def test_an_edit_of_an_older_message_is_answered_with_advice(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    written = telegram.write(chat_id, "Первое")
    telegram.wait_for_whole_answers(chat_id, 1)
    telegram.write(chat_id, "Второе")
    telegram.wait_for_whole_answers(chat_id, 2)

    telegram.edit(chat_id, written["message_id"], "Первое, но иначе")

    assert telegram.wait_for_whole_answers(chat_id, 3)[2] == shown(ConversationPhrase.EDIT_TOO_OLD)


def test_an_edit_before_the_answer_replaces_the_wording(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    stack.broker().set(f"turn:{chat_id}", "somebody else's")  # nobody answers as yet
    written = telegram.write(chat_id, f"Черновик {chat_id}")
    telegram.edit(chat_id, written["message_id"], f"Чистовик {chat_id}")
    stored = stack.database().inbox_updates
    wait_until(lambda: stored.count_documents({"chat_id": str(chat_id)}) == 2, what="both updates")

    stack.broker().delete(f"turn:{chat_id}")

    telegram.wait_for_whole_answers(chat_id, 1)
    stack.wait_until_settled()
    assert telegram.answers(chat_id) == [default_answer(f"Чистовик {chat_id}", words=0)]
    assert asked_of_model(model, f"Черновик {chat_id}") == []


def test_a_text_that_telegram_has_split_is_one_question(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    first, second = f"начало {chat_id} " + "слово " * 650, f"конец {chat_id}"
    stored, theirs = stack.database().inbox_updates, {"chat_id": str(chat_id)}
    stack.broker().set(f"turn:{chat_id}", "somebody else's")  # nobody answers as yet
    parts = [telegram.write(chat_id, text)["update_id"] for text in (first, second)]
    wait_until(lambda: stored.count_documents(theirs) == 2, what="both parts")
    came_at = stored.find_one({"update_id": parts[0]})["received_at"]
    # However busy this machine is: Telegram delivers what it has split without a pause.
    stored.update_one({"update_id": parts[1]}, {"$set": {"received_at": came_at + timedelta(milliseconds=1)}})

    stack.broker().delete(f"turn:{chat_id}")

    telegram.wait_for_whole_answers(chat_id, 1)
    stack.wait_until_settled()

    assert len(telegram.answers(chat_id)) == 1
    (question,) = asked_of_model(model, f"начало {chat_id}")
    assert question.endswith(second)


def test_retry_replaces_the_last_answer_in_the_memory(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    question = f"Посоветуйте книгу, {chat_id}"
    model.script(
        {"kind": "answer", "match": question, "text": "«Война и мир»."},
        {"kind": "answer", "match": question, "text": "«Мёртвые души»."},
    )
    telegram.write(chat_id, question)
    telegram.wait_for_whole_answers(chat_id, 1)

    telegram.write(chat_id, "/retry")

    assert telegram.wait_for_whole_answers(chat_id, 2) == ["«Война и мир».", "«Мёртвые души»."]
    assert remembered(stack, chat_id) == [question, "«Мёртвые души»."]
    assert "Война" not in str(model.requests()[-1]["messages"])


def test_retry_answers_a_question_that_had_failed(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    model.script({"kind": "empty", "match": f"Вопрос {chat_id}"})
    telegram.write(chat_id, f"Вопрос {chat_id}")
    telegram.wait_for_whole_answers(chat_id, 1)

    telegram.write(chat_id, "/retry")

    answer = default_answer(f"Вопрос {chat_id}", words=0)
    assert telegram.wait_for_whole_answers(chat_id, 2)[1] == answer
    assert remembered(stack, chat_id) == [f"Вопрос {chat_id}", answer]


def test_there_may_be_nothing_to_retry_or_to_stop(telegram: SandboxClient, chat_id: int) -> None:
    telegram.write(chat_id, "/retry")
    telegram.write(chat_id, "/stop")

    assert telegram.wait_for_whole_answers(chat_id, 2) == [
        shown(ConversationPhrase.NOTHING_TO_RETRY),
        shown(ConversationPhrase.NOTHING_TO_STOP),
    ]


def test_stop_ends_a_running_answer_and_keeps_what_was_said(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    words = [f"слово{number}" for number in range(200)]
    model.script(
        {"kind": "slow", "match": f"Долго {chat_id}", "text": " ".join(words), "delay_s": 0.1, "chunk_s": 0.1}
    )
    telegram.write(chat_id, f"Долго {chat_id}")
    telegram.wait_for_answers(chat_id, 1)  # the first draft

    telegram.write(chat_id, "/stop")

    assert telegram.wait_for_whole_answers(chat_id, 2)[1] == shown(ConversationPhrase.STOPPED)
    stopped = telegram.answers(chat_id)[0]
    assert stopped.startswith("слово0 слово1")
    assert stopped.endswith("(прервано по Вашей просьбе)")
    question, answer = remembered(stack, chat_id)
    assert (question, words[-1] in answer) == (f"Долго {chat_id}", False)
    assert answer.startswith("слово0 слово1")
