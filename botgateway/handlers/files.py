"""Documents and pictures: one question about all that came together."""

from __future__ import annotations

from uuid import UUID

from botgateway.handlers.attached import list_remarks, look_at_files
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.handlers.question import answer_question, build_question, read_words
from botgateway.wording.files import FilesPhrase
from personalization.domain import files


def handle_files(conversation: Conversation) -> Handled:
    """Answer the caption; without one say what the files are. Before it, what could not be read of them."""
    seen = look_at_files(conversation, question=read_words(conversation))
    if conversation.has_memory and seen.excerpts:
        files.note_files(conversation.profile)
    question = build_question(conversation, seen)
    remarks = "\n\n".join(list_remarks(conversation, seen))
    if question.is_empty:
        text = remarks or conversation.say(FilesPhrase.FORGOTTEN)
        return Handled(message_ids=conversation.answer.deliver(text))
    if remarks:
        conversation.answer.show_preface(remarks)
    return answer_question(conversation, question)


def forget_files(conversation: Conversation) -> None:
    """Delete what came with a question that is dealt with: in a group, or without memory, a file lives until then."""
    if conversation.has_memory:
        return
    for preparation in conversation.preparations:
        if preparation.file_id:
            files.discard_file(conversation.user_id, UUID(preparation.file_id))
