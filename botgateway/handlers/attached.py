"""The files of a question: what the model is shown of them, and what the person is told about that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings

from botgateway.domain.attachments import PHOTO_NAME
from botgateway.handlers.conversation import Conversation
from botgateway.wording.files import FilesPhrase
from llm.catalogue import find_choice
from llm.prompt import Media
from personalization.domain import files
from personalization.domain.prompt import ATTACHED_SHARE, NOTHING_ATTACHED, Attached
from personalization.domain.retrieval import Excerpt, read_excerpts
from personalization.models import StoredFile

FAILURES = {phrase.value: phrase for phrase in FilesPhrase}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSeen:
    """`attached` goes into the prompt. `kept` are the records, `excerpts` what is shown of those with a text.

    `is_lost`: there were files, and none can be read or is still there; a caption alone asks nothing then.
    """

    attached: Attached = NOTHING_ATTACHED
    kept: Sequence[StoredFile] = ()
    excerpts: Sequence[Excerpt] = ()
    unseen: Sequence[StoredFile] = ()
    is_lost: bool = False


def look_at_files(conversation: Conversation, *, question: str) -> FilesSeen:
    """Return what is shown of the files that came with a question; those deleted since are left out."""
    file_ids = [preparation.file_id for preparation in conversation.preparations if preparation.file_id]
    kept = files.find_files(conversation.user_id, dict.fromkeys(file_ids))
    if not kept:
        attachment = conversation.message.attachment
        return FilesSeen(is_lost=attachment is not None and attachment.is_file)
    choice = find_choice(conversation.profile.model if conversation.has_memory else "")
    excerpts = read_excerpts(
        [file for file in kept if file.text_chars],
        question=question,
        budget_tokens=settings.PROMPT_BUDGET_TOKENS // ATTACHED_SHARE,
        model=choice.model or settings.LLM_MODEL,
    )
    pictures = [file for file in kept if not file.text_chars]
    is_seeing = choice.provider.capabilities.supports_images
    unseen = [] if is_seeing else pictures
    attached = Attached(
        names=tuple(file.name for file in kept),
        blocks=tuple(excerpt.block for excerpt in excerpts),
        images=tuple(_open_pictures(pictures)) if is_seeing else (),
        unseen=tuple(file.name for file in unseen),
    )
    return FilesSeen(attached=attached, kept=kept, excerpts=excerpts, unseen=unseen)


def list_remarks(conversation: Conversation, seen: FilesSeen) -> list[str]:
    """Return, as Markdown, what is to be said before the answer: which files could not be read, and what not wholly."""
    failed = [preparation for preparation in conversation.preparations if preparation.failure]
    remarks = [
        conversation.say(FAILURES.get(failure.failure, FilesPhrase.FAILED), file_name=failure.detail)
        for failure in failed
    ]
    remarks += dict.fromkeys(_tell_unseen(conversation, picture) for picture in seen.unseen)
    left_out = [remark for excerpt in seen.excerpts for remark in _tell_left_out(conversation, excerpt)]
    if left_out and conversation.has_memory and any(not excerpt.is_whole for excerpt in seen.excerpts):
        left_out.append(conversation.say(FilesPhrase.ASK_FURTHER))
    return remarks + left_out


def _tell_unseen(conversation: Conversation, picture: StoredFile) -> str:
    if picture.name == PHOTO_NAME:  # a name of ours, which tells the person nothing
        return conversation.say(FilesPhrase.PHOTO_UNSEEN)
    return conversation.say(FilesPhrase.PICTURE_UNSEEN, file_name=picture.name)


def _open_pictures(pictures: Sequence[StoredFile]) -> Iterator[Media]:
    for picture in pictures:
        try:
            yield Media(files.read_content(picture), picture.mime_type)
        except FileNotFoundError:  # deleted since its record was read
            continue


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
