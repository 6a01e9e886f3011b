"""How an answer reaches the chat: sent once or streamed, rendered, split, and in spite of Telegram's refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient

QUIET_S = 1.5
EDIT_INTERVAL_S = 1.5
MESSAGE_LIMIT = 4096
TRIES = 20
CANNOT_PARSE = "Bad Request: can't parse entities: unsupported start tag"


def words(count: int) -> str:
    return " ".join(f"слово{number}" for number in range(count))


def stream(model: LLMStandIn, question: str, *, seconds: float = 2.5) -> str:
    """Have a question answered word by word, ten a second; return the answer."""
    text = words(int(seconds * 10))
    model.script({"kind": "slow", "match": question, "text": text, "chunk_s": 0.1})
    return text


@contextmanager
def growing(model: LLMStandIn, question: str, text: str) -> Iterator[None]:
    """Have the answer to a question grow, for more than a minute, until the block ends: then the rest comes at once."""
    model.configure(chunk_s=0.2)
    try:
        model.script({"kind": "slow", "match": question, "text": text})
        yield
    finally:
        model.configure(chunk_s=0.0)


def wait_for_text(telegram: SandboxClient, chat_id: int, text: str) -> None:
    wait_until(lambda: telegram.answers(chat_id) == [text], what=f"the whole answer in chat {chat_id}")


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_a_quick_answer_is_sent_once_and_without_a_placeholder(telegram: SandboxClient, chat_id: int) -> None:
    for number in range(TRIES):  # until one is as quick as that, however busy the machine
        question = f"Который час, {number}?"
        assert telegram.ask(chat_id, question) == default_answer(question, words=0)
        asked = [message for message in telegram.messages(chat_id) if not message["from_bot"]][-1]
        calls = [
            call
            for method in ("sendMessage", "editMessageText")
            for call in telegram.calls(method=method, chat_id=chat_id)
            if call["received_at"] >= asked["sent_at"]
        ]
        if calls[0]["received_at"] - asked["sent_at"] < QUIET_S:
            break
    else:
        pytest.fail("no answer was quick")

    assert [call["method"] for call in calls] == ["sendMessage"]


def test_typing_is_shown_before_the_answer(telegram: SandboxClient, model: LLMStandIn, chat_id: int) -> None:
    model.script({"kind": "slow", "match": f"подумайте {chat_id}", "text": "Подумал.", "delay_s": 2.0})

    telegram.write(chat_id, f"подумайте {chat_id}")

    telegram.wait_for_whole_answers(chat_id, 1)
    typing, sending = (
        telegram.calls(method=method, chat_id=chat_id)[0] for method in ("sendChatAction", "sendMessage")
    )
    assert typing["parameters"]["action"] == "typing"
    assert typing["received_at"] < sending["received_at"]


def test_a_long_stream_appears_after_a_while_and_is_edited_at_a_measured_pace(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    question = f"расскажите долго {chat_id}"
    text = stream(model, question, seconds=4)

    telegram.write(chat_id, question)
    wait_for_text(telegram, chat_id, text)

    asked, answer = telegram.messages(chat_id)
    (sending,) = telegram.calls(method="sendMessage", chat_id=chat_id)
    edits = telegram.calls(method="editMessageText", chat_id=chat_id)
    drafts = [sending, *edits[:-1]]  # the last edit is the whole text
    # By the decisions to show one: a call that is late on its way comes the closer to the next.
    earliest = [QUIET_S + EDIT_INTERVAL_S * number for number in range(len(drafts))]
    shown_after = [draft["received_at"] - asked["sent_at"] for draft in drafts]
    assert edits
    assert all(after >= least for after, least in zip(shown_after, earliest, strict=True)), shown_after
    assert [text.startswith(revision["text"]) for revision in answer["revisions"]] == [True] * (
        len(edits) + 1
    )


def test_markdown_becomes_formatting_and_markup_of_the_model_stays_text(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    answer = "**Важно**: вызовите `run()` & <не тег>\n\n```python\nprint('x' < 'y')\n```"
    model.script({"kind": "answer", "match": f"пример {chat_id}", "text": answer})

    telegram.write(chat_id, f"пример {chat_id}")

    (text,) = telegram.wait_for_whole_answers(chat_id, 1)
    assert text == "Важно: вызовите run() & <не тег>\n\nprint('x' < 'y')"
    message = telegram.messages(chat_id)[-1]
    encoded = text.encode("utf-16-le")
    formatted = {
        entity["type"]: encoded[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode(
            "utf-16-le"
        )
        for entity in message["entities"]
    }
    assert formatted == {"bold": "Важно", "code": "run()", "pre": "print('x' < 'y')"}


def test_a_reply_of_ten_thousand_characters_is_split_in_order_and_keeps_its_code_whole(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    code = "\n".join(f"total_{number} = compute({number})" for number in range(45))
    prose = [f"Абзац {number}. {words(55)}." for number in range(20)]
    answer = "\n\n".join(
        [*prose[:7], f"```python\n{code}\n```", *prose[7:14], f"```\n{code}\n```", *prose[14:]]
    )
    assert len(answer) > 10_000
    model.script({"kind": "answer", "match": f"подробно {chat_id}", "text": answer})

    telegram.write(chat_id, f"подробно {chat_id}")
    stack.wait_until_settled()

    messages = [message for message in telegram.messages(chat_id) if message["from_bot"]]
    texts = [message["text"] for message in messages]
    blocks = [
        message["text"].encode("utf-16-le")[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])]
        for message in messages
        for entity in message["entities"]
        if entity["type"] == "pre"
    ]
    assert all(utf16_length(text) <= MESSAGE_LIMIT for text in texts)
    assert [block.decode("utf-16-le") for block in blocks] == [code, code]
    assert "".join("".join(texts).split()) == "".join(
        answer.replace("```python", "").replace("```", "").split()
    )


def test_markup_that_telegram_refuses_is_sent_as_plain_text(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    model.script({"kind": "answer", "match": f"разметка {chat_id}", "text": "**жирно**"})
    telegram.order_fault(
        kind="error", method="sendMessage", chat_id=chat_id, status=400, description=CANNOT_PARSE
    )

    telegram.write(chat_id, f"разметка {chat_id}")

    assert telegram.wait_for_whole_answers(chat_id, 1) == ["жирно"]
    stack.wait_until_settled()
    refused, accepted = telegram.calls(method="sendMessage", chat_id=chat_id)
    assert (refused["status"], refused["parameters"]["parse_mode"]) == (400, "HTML")
    assert (accepted["status"], "parse_mode" in accepted["parameters"]) == (200, False)


def test_markup_refused_in_the_last_edit_is_shown_as_plain_text(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    question = f"правка {chat_id}"
    text = stream(model, question)
    telegram.order_fault(
        kind="error", method="editMessageText", chat_id=chat_id, status=400, description=CANNOT_PARSE, times=1
    )

    telegram.write(chat_id, question)

    wait_for_text(telegram, chat_id, text)


def test_retry_after_is_obeyed_when_sending(telegram: SandboxClient, stack: Stack, chat_id: int) -> None:
    telegram.order_fault(kind="error", method="sendMessage", chat_id=chat_id, retry_after=1)

    telegram.write(chat_id, "Доброе утро")

    assert telegram.wait_for_whole_answers(chat_id, 1) == [default_answer("Доброе утро", words=0)]
    stack.wait_until_settled()
    refused, accepted = telegram.calls(method="sendMessage", chat_id=chat_id)
    assert (refused["status"], accepted["status"]) == (429, 200)
    assert accepted["received_at"] - refused["answered_at"] >= 1


def test_retry_after_is_obeyed_when_editing_and_the_whole_text_still_arrives(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    question = f"терпение {chat_id}"
    text = stream(model, question, seconds=3.2)
    telegram.order_fault(kind="error", method="editMessageText", chat_id=chat_id, retry_after=2)

    telegram.write(chat_id, question)
    wait_for_text(telegram, chat_id, text)

    edits = telegram.calls(method="editMessageText", chat_id=chat_id)
    assert edits[0]["status"] == 429
    assert edits[1]["received_at"] - edits[0]["answered_at"] >= 2


def test_a_message_deleted_while_it_grows_is_sent_anew_and_whole(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    question, text = f"исчезнет {chat_id}", words(400)

    with growing(model, question, text):
        telegram.write(chat_id, question)
        telegram.wait_for_answers(chat_id, 1)
        telegram.delete_messages(chat_id)

    wait_for_text(telegram, chat_id, text)


def test_a_person_who_blocked_the_bot_is_answered_again_after_unblocking(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    telegram.write(chat_id, "Здравствуйте")
    telegram.wait_for_whole_answers(chat_id, 1)
    telegram.block(chat_id)
    update = telegram.write(chat_id, "Вы меня слышите?")
    stack.wait_until_settled()
    stored = stack.database().inbox_updates.find_one({"update_id": update["update_id"]})
    assert stored is not None
    assert stored["status"] == "answered"

    telegram.block(chat_id, is_blocked=False)
    telegram.write(chat_id, "А теперь?")

    answers = telegram.wait_for_whole_answers(chat_id, 2)
    assert answers[1] == default_answer("А теперь?", words=0)
