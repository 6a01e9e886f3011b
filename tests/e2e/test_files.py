"""Files over the whole path: sent, read, asked about at once and later, refused clearly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from botgateway.delivery.telegram import telegram_client
from botgateway.domain.updates import IncomingMessage, read_incoming
from botgateway.models import InboxUpdate
from botgateway.preparers.files import prepare_file
from botgateway.wording.files import FilesPhrase
from personalization.models import FilePassage, StoredFile
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.shared_stack import new_chat_id
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient
from tests.harness.wording import shown

BOT_NAME = "butler_sandbox_bot"
SAMPLES = Path(__file__).resolve().parents[1] / "botgateway" / "extraction" / "samples"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


def last_prompt(model: LLMStandIn, words: str) -> list[dict[str, Any]]:
    """The messages of the last request whose last message holds `words`."""
    found = [
        request["messages"]
        for request in model.requests()
        if words in str(request["messages"][-1]["content"])
    ]
    return list(found[-1])


def send(
    telegram: SandboxClient, chat_id: int, name: str, content: bytes, caption: str = "", **fields: Any
) -> None:
    telegram.upload(chat_id, kind="document", content=content, name=name, caption=caption, **fields)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ("letter.pdf", "Ёлку привезут в четверг"),
        ("letter.docx", "Щётка | 75,50"),
        ("expenses.xlsx", "2026-03-01 | 12.5"),
    ],
    ids=["pdf", "docx", "xlsx"],
)
def test_a_document_is_read_and_its_caption_asked_about_it(
    stack: Stack, model: LLMStandIn, chat_id: int, sample: str, words: str
) -> None:
    telegram = stack.telegram
    caption = f"Что здесь, {chat_id}?"
    send(telegram, chat_id, sample, (SAMPLES / sample).read_bytes(), caption)

    (answer,) = telegram.wait_for_whole_answers(chat_id, 1)

    question = last_prompt(model, caption)[-1]["content"]
    assert words in question
    assert f'<file name="{sample}">' in question
    assert question.endswith(caption)
    events = list(stack.database().user_memory.find({"user_id": str(chat_id)}).sort("created_at"))
    assert [event["content"] for event in events] == [f"{caption}\n[файл: {sample}]", answer]
    assert {event["source"] for event in events} == {"file"}
    record = stack.database().files.find_one({"user_id": str(chat_id)})
    assert record is not None
    path = stack.directory / "media" / record["path"]
    assert path.read_bytes() == (SAMPLES / sample).read_bytes()
    assert (path.parent.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_later_question_finds_its_place_and_another_persons_does_not(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int
) -> None:
    stranger = new_chat_id()
    secret = f"шифр-{chat_id}"
    filler = "\n\n".join(
        f"Пункт {number}. " + "Прочие условия остаются в силе. " * 30 for number in range(25)
    )
    text = f"Опись имущества.\n\n{filler}\n\nСейф открывается так: {secret}.\n\n{filler}"
    send(telegram, chat_id, "опись.txt", text.encode("cp1251"))
    remark, _ = telegram.wait_for_answers(chat_id, 2)
    assert remark.startswith("Файл «опись.txt» велик: я прочёл его начало")
    assert secret not in str(last_prompt(model, "Опись имущества"))
    telegram.write(stranger, "Добрый день")
    telegram.wait_for_answers(stranger, 1)

    for person, count in ((chat_id, 3), (stranger, 2)):
        telegram.write(person, f"Как открывается сейф, {person}?")
        telegram.wait_for_answers(person, count)

    mine, theirs = (last_prompt(model, f"сейф, {person}?") for person in (chat_id, stranger))
    assert secret in mine[0]["content"]
    assert '<file name="опись.txt" part="yes">' in mine[0]["content"]
    assert secret not in str(theirs)


@pytest.mark.parametrize(
    ("name", "content", "phrase"),
    [
        ("тайна.pdf", (SAMPLES / "locked.pdf").read_bytes(), FilesPhrase.ENCRYPTED),
        ("письмо.pdf", b"%PDF-1.7 and nothing else", FilesPhrase.BROKEN),
        ("скан.pdf", (SAMPLES / "scan.pdf").read_bytes(), FilesPhrase.NO_TEXT),
        ("пусто.txt", b"", FilesPhrase.EMPTY),
        ("отчёт.pdf", b"MZ\x90\x00" + bytes(200), FilesPhrase.UNSUPPORTED),
        ("звук.pdf", b"OggS" + bytes(200), FilesPhrase.SOUND_OR_VIDEO),
        ("../../тайна.rar", b"Rar!\x1a\x07\x00" + bytes(200), FilesPhrase.ARCHIVE),
        ("снимок.bmp", b"BM" + bytes(200), FilesPhrase.PICTURE_KIND),
    ],
    ids=lambda value: value.value if isinstance(value, FilesPhrase) else "",
)
def test_what_cannot_be_read_is_said_and_not_kept(
    stack: Stack, chat_id: int, name: str, content: bytes, phrase: FilesPhrase
) -> None:
    telegram = stack.telegram
    send(telegram, chat_id, name, content, "Что здесь?")

    assert telegram.wait_for_answers(chat_id, 1) == [shown(phrase, file_name=Path(name).name)]
    assert stack.database().files.count_documents({"user_id": str(chat_id)}) == 0


def test_what_is_too_big_for_telegram_is_not_even_fetched(telegram: SandboxClient, chat_id: int) -> None:
    send(telegram, chat_id, "большой.pdf", b"%PDF-", file_size=20_000_001)

    assert telegram.wait_for_answers(chat_id, 1) == [shown(FilesPhrase.TOO_BIG, file_name="большой.pdf")]
    assert not [call for call in telegram.calls(method="getFile", chat_id=chat_id) if "20000001" in str(call)]


def test_an_album_makes_one_question_and_one_answer(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    caption, album = f"Сравните, {chat_id}", f"g{chat_id}"
    with stack.together():
        send(telegram, chat_id, "первый.txt", "Чай по сто двадцать.".encode(), caption, media_group_id=album)
        send(telegram, chat_id, "второй.txt", "Чай по сто тридцать.".encode(), media_group_id=album)
        send(telegram, chat_id, "третий.pdf", (SAMPLES / "locked.pdf").read_bytes(), media_group_id=album)

    remark, answer = telegram.wait_for_whole_answers(chat_id, 2)

    assert remark == shown(FilesPhrase.ENCRYPTED, file_name="третий.pdf")
    question = last_prompt(model, caption)[-1]["content"]
    assert "сто двадцать" in question
    assert "сто тридцать" in question
    telegram.write(chat_id, "/retry")
    assert telegram.wait_for_answers(chat_id, 3)[:2] == [remark, answer]
    assert len([request for request in model.requests() if "сто тридцать" in str(request["messages"])]) == 2


def test_a_picture_that_no_model_sees_is_kept_and_said_to_be_unseen(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    unseen = shown(FilesPhrase.PHOTO_UNSEEN)
    telegram.upload(chat_id, kind="photo", content=PIXEL)
    assert telegram.wait_for_answers(chat_id, 1) == [unseen]

    telegram.upload(chat_id, kind="photo", content=PIXEL, caption=f"Который час, {chat_id}?")

    assert telegram.wait_for_answers(chat_id, 3)[1] == unseen
    question = last_prompt(model, f"Который час, {chat_id}?")[-1]["content"]
    assert "Вам не видно и не слышно: photo.jpg." in question
    records = list(stack.database().files.find({"user_id": str(chat_id)}))
    assert [(record["kind"], record["mime_type"]) for record in records] == [("png", "image/png")] * 2

    for _ in range(2):
        telegram.upload(chat_id, kind="photo", content=PIXEL, media_group_id=f"g{chat_id}")
    assert telegram.wait_for_answers(chat_id, 4)[3] == unseen


def test_in_a_group_a_file_is_read_and_not_kept(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack
) -> None:
    group, person = -new_chat_id(), {"id": new_chat_id(), "first_name": "Анна"}
    telegram.add_to_group(group, title="Дом", from_=person)
    text = f"Собрание в четверг, {group}."

    send(telegram, group, "объявление.txt", text.encode(), f"@{BOT_NAME} когда собрание?", from_=person)

    telegram.wait_for_answers(group, 1)
    assert text in last_prompt(model, "когда собрание?")[-1]["content"]
    stack.wait_until_settled()
    assert stack.database().files.count_documents({"user_id": str(person["id"])}) == 0
    assert stack.database().file_passages.count_documents({"user_id": str(person["id"])}) == 0


def test_a_file_of_a_group_that_does_not_hear_its_answer_is_not_kept_either(
    telegram: SandboxClient, stack: Stack
) -> None:
    group, person = -new_chat_id(), {"id": new_chat_id(), "first_name": "Анна"}
    telegram.add_to_group(group, title="Дом", from_=person)
    telegram.order_fault(
        kind="error", method="sendMessage", chat_id=group, status=403, description="Forbidden: bot was kicked"
    )

    send(telegram, group, "объявление.txt", b"At seven.", f"@{BOT_NAME} когда собрание?", from_=person)
    stack.wait_until_settled()

    assert stack.database().files.count_documents({"user_id": str(person["id"])}) == 0


@pytest.fixture
def sent_file(
    stack: Stack, settings: LazySettings, tmp_path: Path, chat_id: int
) -> Iterator[tuple[InboxUpdate, IncomingMessage]]:
    """An update with a document, as a worker of this process would be given it."""
    settings.MEDIA_ROOT = tmp_path
    settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = stack.telegram.url, TOKEN
    telegram_client.cache_clear()
    file_id = stack.telegram.upload(chat_id, kind="document", content=b"To be kept once.", name="n.txt")[
        "file_id"
    ]
    person = {"id": chat_id, "first_name": "Anna"}
    body = {
        "message_id": 1,
        "chat": {"id": chat_id, "type": "private"},
        "from": person,
        "document": {"file_id": file_id, "file_name": "../../../n.txt"},
    }
    message = read_incoming({"update_id": chat_id, "message": body})
    assert isinstance(message, IncomingMessage)
    update = InboxUpdate.objects.create(update_id=chat_id, kind="message", payload="{}", trace_id="0" * 32)
    yield update, message
    telegram_client.cache_clear()


@pytest.mark.django_db
def test_preparing_a_file_again_keeps_it_once(
    sent_file: tuple[InboxUpdate, IncomingMessage], tmp_path: Path
) -> None:
    first, again = prepare_file(*sent_file), prepare_file(*sent_file)

    assert first == again
    assert [str(file_id) for file_id in StoredFile.objects.values_list("file_id", flat=True)] == [
        first.file_id
    ]
    assert list(StoredFile.objects.values_list("name", "path")) == [("n.txt", f"files/{first.file_id}")]
    assert FilePassage.objects.count() == 1
    assert [path.name for path in tmp_path.rglob("*")] == ["files", first.file_id]


@pytest.mark.django_db
def test_a_file_of_somebody_who_is_forgotten_meanwhile_is_not_kept(
    sent_file: tuple[InboxUpdate, IncomingMessage], tmp_path: Path
) -> None:
    update, message = sent_file
    InboxUpdate.objects.filter(pk=update.pk).update(payload="")

    prepare_file(update, message)

    assert (StoredFile.objects.count(), FilePassage.objects.count()) == (0, 0)
    assert list((tmp_path / "files").iterdir()) == []
