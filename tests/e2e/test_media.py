"""What is kept for models that take it as it is: recordings and scans, prepared as a worker of this process would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from botgateway.delivery.telegram import telegram_client
from botgateway.domain.preparation import Preparation
from botgateway.domain.updates import IncomingMessage, read_incoming
from botgateway.models import InboxUpdate
from botgateway.preparers.files import prepare_file
from botgateway.preparers.voice import prepare_voice
from botgateway.speech.errors import Silent, Unreadable
from botgateway.speech.transcriber import Transcript, forget_transcriber
from llm.prompt import MediaKind
from llm.providers.base import Capabilities
from llm.route import Candidate
from personalization.domain import files
from personalization.domain.inventory import read_page
from personalization.domain.profiles import get_profile
from personalization.models import StoredFile
from tests.harness.providers import ScriptedProvider
from tests.harness.stack import TOKEN, Stack

pytestmark = pytest.mark.django_db

SCAN = (Path(__file__).parents[1] / "botgateway" / "extraction" / "samples" / "scan.pdf").read_bytes()
SPEECH, MUSIC = b"OggS Good evening", b"OggS *"
HEARS = Capabilities(supports_audio=True)
READS = Capabilities(supports_files=True)

Prepare = Callable[..., Preparation]


class MusicalTranscriber:
    """Hears words but for music, which is an asterisk, and for what is no recording at all."""

    def transcribe(self, path: Path, *, language: str | None) -> Transcript:
        text = path.read_bytes().removeprefix(b"OggS ").decode()
        if text == "*":
            raise Silent
        if text == "?":
            raise Unreadable
        return Transcript(text=text, language="en", duration_s=1.0)


def build_transcriber() -> MusicalTranscriber:
    return MusicalTranscriber()


@pytest.fixture
def prepare(stack: Stack, settings: LazySettings, tmp_path: Path, chat_id: int) -> Iterator[Prepare]:
    """Prepare what a person sends, for a model of these capabilities."""
    settings.MEDIA_ROOT = tmp_path
    settings.TELEGRAM_API_URL, settings.TELEGRAM_BOT_TOKEN = stack.telegram.url, TOKEN
    settings.SPEECH_TRANSCRIBER = f"{__name__}.build_transcriber"
    telegram_client.cache_clear()
    forget_transcriber()

    def send(
        kind: str, content: bytes, capabilities: Capabilities, *, is_private: bool = True, **fields: Any
    ) -> Preparation:
        uploaded = stack.telegram.upload(chat_id, kind=kind, content=content, name="n.bin")
        body = {
            "message_id": 1,
            "chat": {"id": chat_id, "type": "private"},
            "from": {"id": chat_id, "first_name": "Anna"},
            kind: {"file_id": uploaded["file_id"], "duration": 2, **fields},
        }
        message = read_incoming({"update_id": chat_id, "message": body})
        assert isinstance(message, IncomingMessage)
        message = replace(message, is_private=is_private)
        update, _ = InboxUpdate.objects.get_or_create(
            update_id=chat_id, defaults={"kind": "message", "payload": "{}", "trace_id": "0" * 32}
        )
        provider = ScriptedProvider("")
        provider.capabilities = capabilities
        prepare = prepare_file if kind == "document" else prepare_voice
        return prepare(update, message, find_model=lambda message: Candidate(provider))

    yield send
    telegram_client.cache_clear()
    forget_transcriber()


def test_a_recording_is_kept_for_a_model_that_hears_it_and_goes_as_files_do(
    prepare: Prepare, chat_id: int, tmp_path: Path
) -> None:
    get_profile(str(chat_id))

    heard = prepare("voice", SPEECH, HEARS)

    assert heard.transcript == "Good evening"
    record = StoredFile.objects.get(file_id=heard.file_id)
    assert (record.name, record.kind, record.mime_type) == ("voice.ogg", "audio", "audio/ogg")
    assert files.find_media_kind(record) is MediaKind.AUDIO
    assert files.read_content(record) == SPEECH
    assert {item.text for item in read_page(str(chat_id), 0).items} >= {"voice.ogg"}
    files.delete_files(str(chat_id))
    assert list((tmp_path / "files").iterdir()) == []


def test_sound_without_words_is_kept_for_a_model_that_hears_it(prepare: Prepare) -> None:
    heard = prepare("audio", MUSIC, HEARS, file_name="../гимн.ogg")

    assert (heard.transcript, heard.failure) == ("", "silent")
    assert StoredFile.objects.get(file_id=heard.file_id).name == "гимн.ogg"


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "voice", "content": SPEECH, "capabilities": READS},
        {"kind": "voice", "content": MUSIC, "capabilities": READS},
        {"kind": "voice", "content": SPEECH, "capabilities": HEARS, "is_private": False},
        {"kind": "voice", "content": SPEECH, "capabilities": HEARS, "duration": 299},
        {"kind": "voice", "content": b"Good evening", "capabilities": HEARS},
        {"kind": "voice", "content": b"OggS ?", "capabilities": HEARS},
        {"kind": "video_note", "content": SPEECH, "capabilities": HEARS},
        {"kind": "document", "content": SCAN, "capabilities": HEARS},
    ],
    ids=["unheard", "silent", "group", "no room", "no sound", "unreadable", "video", "unread scan"],
)
def test_nothing_is_kept_that_would_not_be_shown(
    prepare: Prepare, tmp_path: Path, sent: dict[str, Any]
) -> None:
    assert not prepare(**sent).file_id

    assert StoredFile.objects.count() == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_scan_is_kept_for_a_model_that_reads_it(prepare: Prepare) -> None:
    kept = prepare("document", SCAN, READS, file_name="скан.pdf")

    record = StoredFile.objects.get(file_id=kept.file_id)
    assert (record.name, record.kind, record.text_chars, record.pages) == ("скан.pdf", "pdf", 0, 1)
