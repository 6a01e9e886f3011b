"""/memory, /export, /forget_me: people see what is remembered of them, take it along, and have it erased."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator

from botgateway.wording.memory import MemoryPhrase
from botgateway.wording.phrase import say_plain
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.processes import PROJECT_DIR, wait_until
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

PAIRS = 6


def last_message(telegram: SandboxClient, chat_id: int) -> dict[str, Any]:
    return [message for message in telegram.messages(chat_id) if message["from_bot"]][-1]


def buttons(telegram: SandboxClient, chat_id: int) -> dict[str, str]:
    """What stands on the buttons of Butler's last message, and what each press means."""
    rows = telegram.keyboard(chat_id, last_message(telegram, chat_id)["message_id"])
    return {button["text"]: button["callback_data"] for row in rows for button in row}


def press(telegram: SandboxClient, chat_id: int, label: str, **fields: Any) -> str:
    """Press a button of Butler's last message, wait until that is dealt with, return the toast."""
    message = last_message(telegram, chat_id)
    data = buttons(telegram, chat_id)[label]
    query = telegram.press(chat_id, message["message_id"], data, **fields)["callback_query_id"]
    found: list[str] = []

    def is_answered() -> bool:
        answers = telegram.callback_answers(chat_id)
        found[:] = [answer["text"] or "" for answer in answers if answer["callback_query_id"] == query]
        return bool(found)

    wait_until(is_answered, what="an answer to the press")
    return found[0]


def remember(stack: Stack, chat_id: int) -> None:
    """Put six pairs, the latest three days old, and a summary into a profile that is there already."""
    owner, database = {"user_id": str(chat_id)}, stack.database()
    latest = datetime.now(UTC) - timedelta(days=3, hours=1)
    database.user_memory.insert_many(
        {
            **owner,
            "event_id": uuid.uuid4().hex,
            "role": ("user", "assistant")[number % 2],
            "content": f"{('вопрос', 'ответ')[number % 2]} {number // 2}\n*{chat_id}*",
            "created_at": latest - timedelta(minutes=2 * PAIRS - number),
            "tags": [],
            "source": "voice",
        }
        for number in range(2 * PAIRS)
    )
    changes = {"memory_summary": "Любит чай.", "preferred_topics": ["шахматы"]}
    assert database.user_profiles.update_one(owner, {"$set": changes}).matched_count == 1


def list_questions(stack: Stack, chat_id: int) -> list[str]:
    events = (
        stack.database().user_memory.find({"user_id": str(chat_id), "role": "user"}).sort("created_at", 1)
    )
    return [event["content"].split("\n")[0] for event in events]


def test_the_memory_is_shown_page_by_page_and_struck_out_item_by_item(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    assert telegram.ask(chat_id, "/memory") == shown(MemoryPhrase.EMPTY)
    remember(stack, chat_id)

    first = telegram.ask(chat_id, "/memory")
    assert first.startswith(shown(MemoryPhrase.TITLE_OF_PAGE, page=1))
    # The profile is of today, the pairs are three days old.
    assert "1. Предмет Ваших интересов: шахматы\nхранится, пока не вычеркнете" in first
    assert "2. Краткая запись прежних бесед: Любит чай." in first
    # The person's words as they are, the model's without the marks of its Markdown.
    turn = f"3. «вопрос 5 *{chat_id}*»\nМой ответ: ответ 5 {chat_id}"
    assert f"{turn}\nголосом, 3 дня назад, забуду через 87 дней" in first
    assert list(buttons(telegram, chat_id)) == [
        *(f"✕ {number}" for number in range(1, 6)),
        "▶",
        say_plain(MemoryPhrase.RESET_BUTTON, language="ru"),
    ]

    press(telegram, chat_id, "▶")
    assert list(buttons(telegram, chat_id)) == ["✕ 6", "✕ 7", "✕ 8", "◀"]
    old_button = buttons(telegram, chat_id)["✕ 7"]
    assert press(telegram, chat_id, "✕ 7") == say_plain(MemoryPhrase.DELETED, language="ru")
    assert list_questions(stack, chat_id) == [f"вопрос {number}" for number in (0, 2, 3, 4, 5)]
    assert "вопрос 1" not in last_message(telegram, chat_id)["text"]

    message_id = last_message(telegram, chat_id)["message_id"]
    telegram.press(chat_id, message_id, old_button)
    stack.wait_until_settled()
    assert telegram.callback_answers(chat_id)[-1]["text"] == say_plain(MemoryPhrase.GONE, language="ru")
    assert len(list_questions(stack, chat_id)) == 5

    press(telegram, chat_id, "◀")
    for _ in range(2):
        press(telegram, chat_id, "✕ 1")
    profile = stack.database().user_profiles.find_one({"user_id": str(chat_id)})
    assert profile is not None
    assert (profile["memory_summary"], profile["preferred_topics"]) == (None, [])
    assert last_message(telegram, chat_id)["text"].startswith(shown(MemoryPhrase.TITLE))


def test_a_clean_slate_is_asked_about_first(telegram: SandboxClient, stack: Stack, chat_id: int) -> None:
    telegram.ask(chat_id, "/memory")
    remember(stack, chat_id)
    telegram.ask(chat_id, "/memory")

    press(telegram, chat_id, say_plain(MemoryPhrase.RESET_BUTTON, language="ru"))
    assert last_message(telegram, chat_id)["text"] == shown(MemoryPhrase.RESET_QUESTION)
    press(telegram, chat_id, say_plain(MemoryPhrase.RESET_NO, language="ru"))
    assert len(list_questions(stack, chat_id)) == PAIRS

    press(telegram, chat_id, say_plain(MemoryPhrase.RESET_BUTTON, language="ru"))
    press(telegram, chat_id, say_plain(MemoryPhrase.RESET_YES, language="ru"))

    assert last_message(telegram, chat_id)["text"] == shown(MemoryPhrase.RESET_DONE)
    assert buttons(telegram, chat_id) == {}
    assert list_questions(stack, chat_id) == []
    assert telegram.ask(chat_id, "/memory") == shown(MemoryPhrase.EMPTY)


def read_export(telegram: SandboxClient, chat_id: int) -> tuple[str, bytes]:
    """Return name and content of the document that Butler sent last."""
    known = len(telegram.answers(chat_id))
    telegram.write(chat_id, "/export")
    telegram.wait_for_answers(chat_id, known + 1)
    document = last_message(telegram, chat_id)["attachment"]
    return document["file_name"], telegram.download(document["file_id"])


def test_the_export_follows_its_schema_and_is_compressed_when_it_is_large(
    telegram: SandboxClient, stack: Stack, chat_id: int
) -> None:
    sender = {"id": chat_id, "first_name": "Анна", "username": f"anna_{chat_id}"}
    telegram.ask(chat_id, f"Меня зовут Анна, {chat_id}", from_=sender)
    telegram.upload(
        chat_id, kind="document", content=f"Опись {chat_id}".encode(), name="опись.txt", from_=sender
    )
    telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()

    name, content = read_export(telegram, chat_id)

    document = json.loads(content)
    schema = json.loads((PROJECT_DIR / "docs" / "export.schema.json").read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)
    assert name.endswith(".json")
    assert (document["person"]["first_name"], document["person"]["username"]) == ("Анна", f"anna_{chat_id}")
    assert document["events"][0]["content"] == f"Меня зовут Анна, {chat_id}"
    assert {(call["purpose"], call["outcome"]) for call in document["exchanges"]} == {("reply", "ok")}
    assert sum(day["exchanges"] for day in document["daily_use"]) == len(document["exchanges"])
    (file,) = document["files"]
    assert (file["name"], file["text"]) == ("опись.txt", f"Опись {chat_id}")
    assert last_message(telegram, chat_id)["text"] == say_plain(MemoryPhrase.EXPORT, language="ru")

    long = {
        "user_id": str(chat_id),
        "role": "user",
        "tags": [],
        "source": "text",
        "content": "слово " * 20_000,
    }
    stack.database().user_memory.insert_many(
        {**long, "event_id": uuid.uuid4().hex, "created_at": datetime.now(UTC)} for _ in range(12)
    )
    name, content = read_export(telegram, chat_id)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (entry,) = archive.namelist()
        assert (name.removesuffix(".zip"), len(content) < 500_000) == (entry.removesuffix(".json"), True)
        assert len(json.loads(archive.read(entry))["events"]) == len(document["events"]) + 12


def find_canary(canary: str, stack: Stack) -> list[str]:
    """Return where in the database, in Redis, on the disk and in the logs a word is found."""
    database, broker = stack.database(), stack.broker()
    found = [
        name
        for name in database.list_collection_names()
        for row in database[name].find()
        if canary in str(row)
    ]
    found += [key for key in broker.scan_iter() if canary in key + str(read_key(broker, key))]
    media = [path for path in (stack.directory / "media").rglob("*") if path.is_file()]
    found += [str(path) for path in media if canary.encode() in path.read_bytes() or canary in path.name]
    return found + ["logs"] * (canary in stack.read_logs())


def read_key(broker: Any, key: str) -> Any:
    readers = {
        "string": broker.get,
        "hash": broker.hgetall,
        "set": broker.smembers,
        "list": lambda key: broker.lrange(key, 0, -1),
        "zset": lambda key: broker.zrange(key, 0, -1, withscores=True),
    }
    kind = broker.type(key)
    return readers[kind](key) if kind in readers else None


def test_who_asks_to_be_forgotten_is_forgotten_everywhere(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    canary, others_canary = uuid.uuid4().hex, uuid.uuid4().hex
    sender = {"id": chat_id, "first_name": canary, "username": canary[:30]}
    other_id = chat_id + 500_000
    telegram.ask(other_id, f"Мой секрет: {others_canary}")
    telegram.ask(chat_id, f"Мой секрет: {canary}", from_=sender)
    telegram.upload(chat_id, kind="voice", content=f"Голосом: {canary}".encode(), from_=sender)
    telegram.wait_for_answers(chat_id, 3)
    telegram.upload(
        chat_id, kind="document", content=f"Файлом: {canary}".encode(), name=f"{canary}.txt", from_=sender
    )
    telegram.wait_for_answers(chat_id, 4)
    telegram.ask(chat_id, f"/persona Шут по имени {canary}", from_=sender)
    calls = stack.database().llm_exchanges
    wait_until(lambda: calls.count_documents({"user_id": str(chat_id)}), what="an exchange")
    places = set(find_canary(canary, stack))
    assert {"user_profiles", "user_memory", "inbox_updates", "people", "files", "file_passages"} <= places

    assert telegram.ask(chat_id, "/forget_me", from_=sender) == shown(MemoryPhrase.FORGET_QUESTION)
    yes, no = (
        say_plain(phrase, language="ru") for phrase in (MemoryPhrase.FORGET_YES, MemoryPhrase.FORGET_NO)
    )
    press(telegram, chat_id, no, from_=sender)
    assert last_message(telegram, chat_id)["text"] == shown(MemoryPhrase.FORGET_NOT)
    assert set(find_canary(canary, stack)) == places

    telegram.ask(chat_id, "/forget_me", from_=sender)
    press(telegram, chat_id, yes, from_=sender)
    stack.wait_until_settled()

    assert last_message(telegram, chat_id)["text"] == shown(MemoryPhrase.FORGET_DONE)
    assert buttons(telegram, chat_id) == {}
    assert find_canary(canary, stack) == []
    assert find_canary(others_canary, stack) != []
    assert stack.database().user_profiles.count_documents({"user_id": str(chat_id)}) == 0
    assert calls.count_documents({"user_id": str(chat_id)}) == 0
    person = stack.database().people.find_one({"user_id": str(chat_id)})
    assert person is not None
    assert person["access_state"] == "approved"

    question = f"Кто я, {chat_id}?"
    assert telegram.ask(chat_id, question) == default_answer(question, words=0)
    (request,) = [r for r in model.requests() if question in str(r["messages"])]
    assert canary not in str(request["messages"])


def test_a_worker_killed_over_forgetting_somebody_leaves_nothing_of_them(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    canary = uuid.uuid4().hex
    telegram.ask(chat_id, f"Мой секрет: {canary}")
    telegram.ask(chat_id, "/forget_me")
    telegram.order_fault(kind="accept_then_hang", method="editMessageText", chat_id=chat_id, seconds=60)
    question = last_message(telegram, chat_id)
    telegram.press(
        chat_id, question["message_id"], question["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    )
    done = shown(MemoryPhrase.FORGET_DONE)
    wait_until(lambda: last_message(telegram, chat_id)["text"] == done, what="the confirmation")

    stack.worker.kill()
    telegram.forget_faults()
    stack.worker.start()
    stack.worker.wait_for_output("ready")
    stack.wait_until_settled()

    assert [text for text in telegram.answers(chat_id) if text == done] == [done]
    assert find_canary(canary, stack) == []
