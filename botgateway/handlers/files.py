"""Documents and pictures: one question about all that came together."""

from __future__ import annotations

from botgateway.errors import SendLater
from botgateway.handlers.attached import FilesSeen, list_remarks, look_at_files
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.question import answer_question, build_question, read_words
from botgateway.wording.files import FilesPhrase
from personalization.domain import files


def handle_files(conversation: Conversation) -> Handled:
    """Answer the caption; without one say what the files are. Before it, what could not be read of them."""
    seen = look_at_files(conversation, question=read_words(conversation))
    if conversation.has_memory and seen.excerpts:
        files.note_files(conversation.profile)
    try:
        handled = _answer(conversation, seen)
    except SendLater as later:
        if later.kept:  # the answer is complete, only its turn to be sent has not come
            _forget_where_nothing_is_kept(conversation, seen)
        raise
    _forget_where_nothing_is_kept(conversation, seen)
    return handled


def _answer(conversation: Conversation, seen: FilesSeen) -> Handled:
    question = build_question(conversation, seen)
    remarks = "\n\n".join(list_remarks(conversation, seen))
    if question.is_empty:
        text = remarks or conversation.say(FilesPhrase.FORGOTTEN)
        return Handled(message_ids=conversation.answer.deliver(text))
    if remarks:
        conversation.answer.show_preface(remarks)
    return answer_question(conversation, question)


def _forget_where_nothing_is_kept(conversation: Conversation, seen: FilesSeen) -> None:
    """In a group, or without memory, a file lives until it is answered."""
    if conversation.has_memory:
        return
    for file in seen.kept:
        files.discard_file(conversation.user_id, file.file_id)
