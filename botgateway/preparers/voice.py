"""A voice message: fetched, recognised, forgotten. Only the words are kept.

The recording itself is kept only where the model that is asked first hears recordings: then for the answer, and as long
as other files are. Such a model is also asked about sound in which no words were found.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings

import tracing
from botgateway.delivery.telegram import telegram_client
from botgateway.domain.attachments import DOWNLOAD_MAX_BYTES, Attachment, AttachmentKind
from botgateway.domain.preparation import Preparation
from botgateway.domain.reports import report_once
from botgateway.domain.updates import IncomingMessage
from botgateway.errors import FileTooBig, TelegramRefused
from botgateway.extraction.names import safe_name
from botgateway.models import InboxUpdate
from botgateway.preparers.asker import find_first_model, has_memory, is_forgotten, is_taken
from botgateway.speech.errors import Silent, SpeechError, SpeechUnavailable
from botgateway.speech.transcriber import get_transcriber
from botgateway.wording.voice import VoicePhrase
from llm.prompt import MediaKind
from llm.route import Candidate
from personalization.domain import files
from personalization.domain.profiles import find_language

log = structlog.get_logger(__name__)

# Types of sound that Gemini takes (its guide "Audio understanding"), told by how a file begins: the sender's word may
# be wrong, and a wrong one would have the whole question refused. Telegram's voice messages are the first.
SOUND_TYPES = (
    (re.compile(rb"OggS"), "audio/ogg", ".ogg"),
    (re.compile(rb"ID3|\xff[\xf2\xf3\xfa\xfb]"), "audio/mpeg", ".mp3"),
    (re.compile(rb"fLaC"), "audio/flac", ".flac"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav", ".wav"),
    (re.compile(rb"\xff[\xf0\xf1\xf8\xf9]"), "audio/aac", ".aac"),
)
HEAD_BYTES = 12
NAMELESS = "voice"  # Telegram gives voice messages no names
# What is no matter of the recording: a model that hears it may make something of it.
HEARD_ALL_THE_SAME = (Silent.outcome, SpeechUnavailable.outcome)
KEPT_KINDS = (AttachmentKind.VOICE, AttachmentKind.AUDIO)  # and no video

FindModel = Callable[[IncomingMessage], Candidate]


def prepare_voice(
    update: InboxUpdate, message: IncomingMessage, *, find_model: FindModel = find_first_model
) -> Preparation:
    """Return the transcript, or why there is none; and under which id the recording is kept, if it is.

    `find_model` names the model that is asked first.
    """
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
        preparation = _transcribe(target, message, update)
        if preparation.transcript or preparation.failure in HEARD_ALL_THE_SAME:
            file_id = _keep_if_heard(target, message, attachment, find_model)
            preparation = replace(preparation, file_id=file_id)
    if preparation.file_id and is_forgotten(update):
        files.discard_file(message.user_id, UUID(preparation.file_id))
    return preparation


def _transcribe(recording: Path, message: IncomingMessage, update: InboxUpdate) -> Preparation:
    """Recognise in the language of the profile; without one, in whichever is heard."""
    language = find_language(message.user_id) if message.is_private else None
    try:
        with tracing.span("recognise speech", expected=(Silent,)):
            transcript = get_transcriber().transcribe(recording, language=language)
            tracing.note(duration_s=transcript.duration_s, chars=len(transcript.text))
    except SpeechError as error:
        log.warning("speech not recognised", update_id=update.update_id, outcome=error.outcome)
        if isinstance(error, SpeechUnavailable):
            report_once("speech", str(error), trace_id=update.trace_id)  # the sweeper has it delivered
        return _fail(VoicePhrase(error.outcome))
    return Preparation(transcript=transcript.text)


def _keep_if_heard(
    recording: Path, message: IncomingMessage, attachment: Attachment, find_model: FindModel
) -> str:
    """Keep the recording for a model that hears it; return its id, empty for one that is not kept."""
    mime_type, suffix = _look_at(recording)
    if not mime_type or attachment.kind not in KEPT_KINDS or not has_memory(message):
        return ""
    size_bytes, duration_s = recording.stat().st_size, attachment.duration_s
    if not is_taken(find_model(message), MediaKind.AUDIO, size_bytes=size_bytes, duration_s=duration_s):
        return ""
    # Of an edited caption Telegram sends the recording once more: it stays the same one.
    file_id = files.build_file_id(f"{message.chat_id}:{message.message_id}:{attachment.file_id}")
    with files.arriving(file_id) as place:
        shutil.copyfile(recording, place)
        files.store_file(
            place,
            file_id=file_id,
            user_id=message.user_id,
            name=safe_name(attachment.name or f"{NAMELESS}{suffix}"),
            mime_type=mime_type,
            kind=files.AUDIO_KIND,
        )
    return str(file_id)


def _look_at(recording: Path) -> tuple[str, str]:
    """Return the recording's type and the suffix of its name; empty for a type that no model takes."""
    with recording.open("rb") as file:
        head = file.read(HEAD_BYTES)
    found = ((mime_type, suffix) for beginning, mime_type, suffix in SOUND_TYPES if beginning.match(head))
    return next(found, ("", ""))


def _fail(phrase: VoicePhrase) -> Preparation:
    details = {
        VoicePhrase.TOO_LONG: f"{settings.SPEECH_MAX_DURATION_S // 60}",
        VoicePhrase.TOO_BIG: f"{DOWNLOAD_MAX_BYTES // 1_000_000}",
    }
    return Preparation(failure=phrase.value, detail=details.get(phrase, ""))
