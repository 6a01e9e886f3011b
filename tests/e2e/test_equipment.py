"""A house with all its equipment: a model that sees pictures, and Whisper itself (a small one, made for the test)."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from botgateway.preparers.files import PICTURE_MAX_BYTES
from botgateway.wording.files import FilesPhrase
from botgateway.wording.voice import VoicePhrase
from tests.harness.llm_wire import default_answer
from tests.harness.shared_stack import QUICK, new_chat_id
from tests.harness.stack import Stack
from tests.harness.whisper_model import make_whisper_model
from tests.harness.wording import shown

HEARD = "Подайте чаю"
RECORDINGS = Path(__file__).resolve().parents[1] / "botgateway" / "speech" / "samples"
# What Whisper is made of is imported for the first message, which takes a small machine long.
LOADING_S = 180.0
MOST_PICTURES = 4  # of 1,280 tokens each, in a prompt of 6,000
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    directory = tmp_path_factory.mktemp("equipped")
    make_whisper_model(directory / "whisper", says=HEARD)
    equipment = {
        "LLM_SUPPORTS_IMAGES": "true",
        "WHISPER_MODEL": str(directory / "whisper"),
        "SPEECH_TRANSCRIBER": "botgateway.speech.whisper.build_transcriber",
        "LLM_TIMEOUT_S": "30",
        "TURN_LEASE_S": "30",
        "JOIN_WAIT_S": "4",
    }
    with Stack(directory, **{**QUICK, **equipment}) as started:
        yield started


def test_a_voice_message_goes_through_whisper_itself(stack: Stack) -> None:
    telegram, chat_id = stack.telegram, new_chat_id()
    telegram.upload(chat_id, kind="voice", content=(RECORDINGS / "russian.ogg").read_bytes(), duration=3)
    telegram.upload(chat_id, kind="voice", content=write_silence(), duration=3)
    telegram.upload(chat_id, kind="voice", content=b"OggS and then nothing", duration=3)

    answers = telegram.wait_for_answers(chat_id, 4, timeout_s=LOADING_S)

    silent, unreadable = shown(VoicePhrase.SILENT), shown(VoicePhrase.UNREADABLE)
    assert answers == [HEARD, default_answer(HEARD, words=0), silent, unreadable]
    assert "speech model loaded" in stack.worker.output
    events = stack.database().user_memory.find({"user_id": str(chat_id)})
    assert {event["source"] for event in events} == {"voice"}


def write_silence() -> bytes:
    """Three seconds of nothing, 16 kHz, as WAV."""
    written = io.BytesIO()
    with wave.open(written, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(2 * 3 * 16_000))
    return written.getvalue()


def test_a_model_that_sees_gets_the_pictures_of_an_album(stack: Stack) -> None:
    telegram, model, chat_id = stack.telegram, stack.model, new_chat_id()
    assert model is not None
    # The second comes while the first waits for it.
    for number, caption in enumerate((f"Что здесь, {chat_id}?", "")):
        content = PIXEL + bytes([number])
        telegram.upload(chat_id, kind="photo", content=content, caption=caption, media_group_id=f"g{chat_id}")
    telegram.wait_for_answers(chat_id, 1)
    telegram.write(chat_id, "/retry")
    telegram.wait_for_answers(chat_id, 2)

    asked = [request["messages"][-1]["content"] for request in model.requests()]
    questions = [question for question in asked if f"Что здесь, {chat_id}?" in str(question)]

    pictures = [base64.b64encode(PIXEL + bytes([number])).decode() for number in range(2)]
    urls = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
        for picture in pictures
    ]
    assert questions == [[{"type": "text", "text": f"Что здесь, {chat_id}?"}, *urls]] * 2


def test_of_a_large_album_some_pictures_are_shown_and_the_rest_is_spoken_of(stack: Stack) -> None:
    telegram, model, chat_id = stack.telegram, stack.model, new_chat_id()
    assert model is not None
    with stack.together():
        for number in range(MOST_PICTURES + 2):
            caption = f"Кто лучше, {chat_id}?" if number == 0 else ""
            telegram.upload(
                chat_id, kind="photo", content=PIXEL, caption=caption, media_group_id=f"g{chat_id}"
            )

    assert telegram.wait_for_answers(chat_id, 2)[0] == shown(FilesPhrase.LEFT_UNSEEN)
    text, *pictures = model.requests()[-1]["messages"][-1]["content"]
    assert len(pictures) == MOST_PICTURES
    assert "Вам не видно и не слышно: photo.jpg, photo.jpg." in text["text"]


def test_a_picture_over_the_limit_is_refused_and_nobody_is_asked(stack: Stack) -> None:
    chat_id = new_chat_id()
    content = PIXEL + bytes(PICTURE_MAX_BYTES)
    stack.telegram.upload(chat_id, kind="document", content=content, name="план.png", caption="Что здесь?")

    answers = stack.telegram.wait_for_answers(chat_id, 1)

    assert answers == [shown(FilesPhrase.PICTURE_TOO_BIG, file_name="план.png")]
