from __future__ import annotations

import pytest

from botgateway.wording.voice import VoicePhrase
from tests.harness.llm_standin_process import LLMStandIn
from tests.harness.llm_wire import default_answer
from tests.harness.stack import Stack
from tests.harness.telegram import SandboxClient
from tests.harness.transcriber import DEAF, NOISE, SILENCE
from tests.harness.wording import shown


def test_a_voice_message_is_shown_as_text_and_answered(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    words = f"Напомните про молоко, {chat_id}"

    telegram.upload(chat_id, kind="voice", content=words.encode())

    assert telegram.wait_for_whole_answers(chat_id, 2) == [words, default_answer(words, words=0)]
    events = stack.database().user_memory.find({"user_id": str(chat_id)})
    assert {(event["role"], event["source"]) for event in events} == {
        ("user", "voice"),
        ("assistant", "voice"),
    }


def test_what_follows_a_voice_message_waits_for_it(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    telegram.upload(chat_id, kind="voice", content="Сначала голос".encode())
    telegram.write(chat_id, "Потом слово")

    assert telegram.wait_for_whole_answers(chat_id, 3) == [
        "Сначала голос",
        default_answer("Сначала голос", words=0),
        default_answer("Потом слово", words=0),
    ]


@pytest.mark.parametrize("kind", ["audio", "video_note"])
def test_sound_that_is_no_voice_message_is_heard_as_well(
    telegram: SandboxClient, model: LLMStandIn, chat_id: int, kind: str
) -> None:
    telegram.upload(chat_id, kind=kind, content="Слышно ли меня?".encode())

    assert telegram.wait_for_answers(chat_id, 2)[0] == "Слышно ли меня?"


@pytest.mark.parametrize(
    ("content", "phrase"),
    [(SILENCE, VoicePhrase.SILENT), (NOISE, VoicePhrase.UNREADABLE), (DEAF, VoicePhrase.UNAVAILABLE)],
)
def test_what_cannot_be_heard_gets_a_clear_answer(
    telegram: SandboxClient, stack: Stack, chat_id: int, content: bytes, phrase: VoicePhrase
) -> None:
    telegram.upload(chat_id, kind="voice", content=content)

    assert telegram.wait_for_answers(chat_id, 1) == [shown(phrase, detail="")]
    assert stack.database().user_memory.count_documents({"user_id": str(chat_id)}) == 0


def test_a_recording_that_is_too_long_or_too_big_is_not_fetched(
    telegram: SandboxClient, chat_id: int
) -> None:
    telegram.upload(chat_id, kind="voice", content=b"...", duration=301)
    telegram.upload(chat_id, kind="audio", content=b"...", file_size=20_000_001)

    assert telegram.wait_for_answers(chat_id, 2) == [
        shown(VoicePhrase.TOO_LONG, detail="5"),
        shown(VoicePhrase.TOO_BIG, detail="20"),
    ]


def test_retry_answers_a_voice_message_again(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    telegram.upload(chat_id, kind="voice", content="Посоветуйте вино".encode())
    telegram.wait_for_answers(chat_id, 2)

    telegram.write(chat_id, "/retry")

    assert telegram.wait_for_whole_answers(chat_id, 3)[2] == default_answer("Посоветуйте вино", words=0)
    assert stack.database().user_memory.count_documents({"user_id": str(chat_id)}) == 2


def test_the_words_of_a_voice_message_survive_a_killed_worker(
    telegram: SandboxClient, model: LLMStandIn, stack: Stack, chat_id: int
) -> None:
    model.script({"kind": "slow", "match": f"Голос {chat_id}", "text": "Слушаю.", "delay_s": 1.0})
    telegram.upload(chat_id, kind="voice", content=f"Голос {chat_id}".encode())
    telegram.wait_for_answers(chat_id, 1)

    stack.worker.kill()
    stack.worker.start()
    stack.worker.wait_for_output("ready")

    telegram.wait_for_answers(chat_id, 2)
    stack.wait_until_settled()
    assert telegram.answers(chat_id) == [f"Голос {chat_id}", "Слушаю."] or telegram.answers(chat_id) == [
        f"Голос {chat_id}",
        default_answer(f"Голос {chat_id}", words=0),
    ]
