"""A voice message: fetched, recognised, forgotten. Only the words are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path

import structlog
from django.conf import settings

from botgateway.delivery.telegram import telegram_client
from botgateway.domain.attachments import DOWNLOAD_MAX_BYTES
from botgateway.domain.preparation import Preparation
from botgateway.domain.reports import report_once
from botgateway.domain.updates import IncomingMessage
from botgateway.errors import FileTooBig, TelegramRefused
from botgateway.models import InboxUpdate
from botgateway.speech.errors import SpeechError, SpeechUnavailable
from botgateway.speech.transcriber import get_transcriber
from botgateway.wording.voice import VoicePhrase
from personalization.domain.profiles import find_language

log = structlog.get_logger(__name__)


def prepare_voice(update: InboxUpdate, message: IncomingMessage) -> Preparation:
    """Return the transcript, or why there is none."""
    attachment = message.attachment
    assert attachment is not None  # noqa: S101  # or there would be nothing to prepare
    if attachment.duration_s > settings.SPEECH_MAX_DURATION_S:
        return _fail(VoicePhrase.TOO_LONG)
    if attachment.size_bytes > DOWNLOAD_MAX_BYTES:
        return _fail(VoicePhrase.TOO_BIG)
    with tempfile.TemporaryDirectory(prefix="butler-voice-") as directory:
        target = Path(directory) / "recording"
        try:
            telegram_client().download_file(attachment.file_id, target, max_bytes=DOWNLOAD_MAX_BYTES)
        except FileTooBig:
            return _fail(VoicePhrase.TOO_BIG)
        except TelegramRefused:
            return _fail(VoicePhrase.GONE)
        return _transcribe(target, message, update)


def _transcribe(recording: Path, message: IncomingMessage, update: InboxUpdate) -> Preparation:
    """Recognise in the language of the profile; without one, in whichever is heard."""
    language = find_language(message.user_id) if message.is_private else None
    try:
        transcript = get_transcriber().transcribe(recording, language=language)
    except SpeechError as error:
        log.warning("speech not recognised", update_id=update.update_id, outcome=error.outcome)
        if isinstance(error, SpeechUnavailable):
            report_once("speech", str(error), trace_id=update.trace_id)  # the sweeper has it delivered
        return _fail(VoicePhrase(error.outcome))
    return Preparation(transcript=transcript.text)


def _fail(phrase: VoicePhrase) -> Preparation:
    details = {
        VoicePhrase.TOO_LONG: f"{settings.SPEECH_MAX_DURATION_S // 60}",
        VoicePhrase.TOO_BIG: f"{DOWNLOAD_MAX_BYTES // 1_000_000}",
    }
    return Preparation(failure=phrase.value, detail=details.get(phrase, ""))
