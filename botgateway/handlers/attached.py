"""The files of a question: what the model is shown of them, and what the person is told about that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from botgateway.domain.attachments import PHOTO_NAME, Attachment
from botgateway.domain.preparation import read_preparation
from botgateway.domain.updates import IncomingMessage, read_incoming
from botgateway.handlers.conversation import Conversation
from botgateway.models import InboxUpdate
from botgateway.wording.files import FilesPhrase
from llm.catalogue import find_route
from llm.prompt import MediaKind, is_blank
from llm.route import Candidate
from llm.tokens import estimate_tokens
from personalization.domain import files
from personalization.domain.attached import (
    NOTHING_ATTACHED,
    NOTHING_SEEN,
    Attached,
    AttachedFile,
    Recording,
    Seen,
    attach_files,
)
from personalization.domain.budget import find_budget
from personalization.domain.prompt import ATTACHED_SHARE
from personalization.domain.retrieval import Excerpt, read_excerpts
from personalization.models import StoredFile

FAILURES = {phrase.value: phrase for phrase in FilesPhrase}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSeen:
    """`attached` goes into the prompt, `first` is what the model is shown of it that is asked first.

    `kept` are the records of documents and pictures, `excerpts` what there is to show of those with a text.
    `is_lost`: there were files, and none can be read or is still there; a caption alone asks nothing then.
    """

    attached: Attached = NOTHING_ATTACHED
    first: Seen = NOTHING_SEEN
    kept: Sequence[StoredFile] = ()
    excerpts: Sequence[Excerpt] = ()
    is_lost: bool = False

    @property
    def has_recordings(self) -> bool:
        """Whether the question came as sound that is kept, with words in it or without."""
        return any(file.kind is MediaKind.AUDIO for file in self.attached.files)


def look_at_files(conversation: Conversation, *, question: str) -> FilesSeen:
    """Return what is shown of the files that came with a question; those deleted since are left out."""
    recordings = _list_recordings(conversation)
    file_ids = [preparation.file_id for preparation in conversation.preparations if preparation.file_id]
    kept = files.find_files(conversation.user_id, dict.fromkeys(file_ids))
    if not kept:
        attachment = conversation.message.attachment
        return FilesSeen(is_lost=attachment is not None and attachment.is_file)
    route = find_route(conversation.profile.model if conversation.has_memory else "")
    excerpts = read_excerpts(
        [file for file in kept if file.text_chars],
        question=question,
        budget_tokens=settings.PROMPT_BUDGET_TOKENS // ATTACHED_SHARE,
        model=route.first.model_name,
    )
    attached = attach_files(kept, excerpts=excerpts, recordings=recordings, route=route)
    first = _show_first(attached, route.first, question)
    if is_blank(question) and first.is_empty:
        attached = attached.without_media()  # nobody is asked in its stead: there would be nothing to ask
    return FilesSeen(
        attached=attached,
        first=first,
        kept=[file for file in kept if file.file_id not in recordings],
        excerpts=excerpts,
    )


def list_remarks(conversation: Conversation, seen: FilesSeen) -> list[str]:
    """Return, as Markdown, what is to be said before the answer: which files could not be read, and what not wholly."""
    remarks = [
        conversation.say(FAILURES.get(failed.failure, FilesPhrase.FAILED), file_name=failed.detail)
        for failed in conversation.preparations
        if failed.failure and not failed.file_id
    ]
    untaken = [_tell_untaken(conversation, file) for file in seen.first.untaken]
    remarks += filter(None, dict.fromkeys(untaken))
    if seen.first.left_out:
        remarks.append(conversation.say(FilesPhrase.LEFT_UNSEEN))
    read = [excerpt for excerpt in seen.excerpts if not _is_shown_as_it_is(excerpt, seen)]
    left_out = [remark for excerpt in read for remark in _tell_left_out(conversation, excerpt)]
    if left_out and conversation.has_memory and any(not excerpt.is_whole for excerpt in read):
        left_out.append(conversation.say(FilesPhrase.ASK_FURTHER))
    return remarks + left_out


def _list_recordings(conversation: Conversation) -> Mapping[UUID, Recording]:
    """Return what is known of the recordings among the files, by their ids."""
    found = {}
    for update in conversation.bundle.updates:
        preparation, attachment = read_preparation(update), _read_attachment(update)
        if preparation and preparation.file_id and attachment and attachment.is_spoken:
            found[UUID(preparation.file_id)] = Recording(
                float(attachment.duration_s), is_transcribed=bool(preparation.transcript)
            )
    return found


def _read_attachment(update: InboxUpdate) -> Attachment | None:
    message = read_incoming(json.loads(update.payload)) if update.payload else None
    return message.attachment if isinstance(message, IncomingMessage) else None


def _show_first(attached: Attached, first: Candidate, question: str) -> Seen:
    """Return what the first model is shown: nearly, as the prompt has more in it than the question."""
    room_tokens = find_budget(first) - estimate_tokens(question, model=first.model_name)
    return attached.seen_by(first.capabilities, room_tokens=room_tokens, model=first.model_name)


def _is_shown_as_it_is(excerpt: Excerpt, seen: FilesSeen) -> bool:
    return any(file.block == excerpt.block for file in seen.first.as_they_are)


def _tell_untaken(conversation: Conversation, file: AttachedFile) -> str:
    """Say that the model takes nothing of this kind; of a recording there is nothing to be said but by the model."""
    if file.kind is MediaKind.FILE:  # a scan: it was kept for a model that has been left since
        return conversation.say(FilesPhrase.NO_TEXT, file_name=file.name)
    if file.kind is not MediaKind.IMAGE:
        return ""
    if file.name == PHOTO_NAME:  # a name of ours, which tells the person nothing
        return conversation.say(FilesPhrase.PHOTO_UNSEEN)
    return conversation.say(FilesPhrase.PICTURE_UNSEEN, file_name=file.name)


def _tell_left_out(conversation: Conversation, excerpt: Excerpt) -> Iterator[str]:
    file = excerpt.file
    if file.is_truncated:
        yield conversation.say(FilesPhrase.KEPT_BEGINNING, file_name=file.name)
    if excerpt.is_whole:
        return
    if excerpt.is_picked:
        yield conversation.say(FilesPhrase.READ_PLACES, file_name=file.name)
    elif file.pages and excerpt.last_page:
        yield conversation.say(
            FilesPhrase.READ_PAGES, file_name=file.name, read=excerpt.last_page, pages=file.pages
        )
    else:
        percent = max(1, 100 * len(excerpt.text) // file.text_chars)
        yield conversation.say(FilesPhrase.READ_BEGINNING, file_name=file.name, percent=percent)
