"""What is asked of a language model: trusted sections, untrusted turns, one purpose."""

from __future__ import annotations

import json
import math
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unicodedata import category

TRANSCRIPT_OPEN = "<transcript>"
TRANSCRIPT_CLOSE = "</transcript>"
INVISIBLE = ("Cc", "Cf")  # Unicode's categories of control and format characters
FILLERS = "\u115f\u1160\u2800\u3164\ufe0e\ufe0f"  # letters and signs without a shape

# What a picture costs: OpenAI counts 765 for one of 1024 × 1024, Qwen-VL up to 1,280, whatever stands in it.
IMAGE_TOKENS = 1_280
# Gemini API, guides "Document understanding" and "Audio understanding": a page of a PDF, a second of a recording.
PAGE_TOKENS = 258
AUDIO_TOKENS_PER_S = 32
# Where nobody has said how many pages or seconds there are: a scanned page and a second of speech seldom take less.
PAGE_BYTES = 50_000
AUDIO_BYTES_PER_S = 2_000
# Of all media of one question. Gemini takes 20 MB in one request, and base64 makes four bytes of three.
MEDIA_MAX_BYTES = 14_000_000

ChatMessage = dict[str, Any]


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"


class SectionKind(StrEnum):
    PERSONA = "persona"
    PROFILE = "profile"
    SUMMARY = "summary"
    FILES = "files"
    INSTRUCTION = "instruction"


class Purpose(StrEnum):
    REPLY = "reply"
    SUMMARY = "summary"
    DIGEST = "digest"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Section:
    """A paragraph of the system message; `kind` lets a provider or a budget find it again."""

    kind: SectionKind
    text: str


class MediaKind(StrEnum):
    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, a recording or a document as it is stored, for models that take it as it is.

    `pages` and `duration_s` tell what a document or a recording costs, where they are known.
    """

    content: bytes
    mime_type: str
    name: str = ""
    pages: int | None = None
    duration_s: float | None = None

    @property
    def kind(self) -> MediaKind:
        return kind_of_media(self.mime_type)

    @property
    def tokens(self) -> int:
        """What it costs, estimated."""
        return estimate_media_tokens(
            self.kind, size_bytes=len(self.content), pages=self.pages, duration_s=self.duration_s
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation. Its content is data, whatever it says.

    `media` are for models whose capabilities say so; whoever builds the prompt leaves out what a model does not take.
    """

    role: Role
    content: str
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything one call to a model needs.

    REPLY: the last turn is the user's new message. Any other purpose: the turns are a transcript, data to work on.
    `language` is a BCP 47 tag such as `ru`.
    """

    sections: tuple[Section, ...]
    turns: tuple[Turn, ...]
    purpose: Purpose = Purpose.REPLY
    language: str = "ru"

    @property
    def is_transcript(self) -> bool:
        """Whether the turns go as one text, rendered as data."""
        return self.purpose is not Purpose.REPLY

    @property
    def system_text(self) -> str:
        """Join the sections that say something by blank lines."""
        return "\n\n".join(section.text.strip() for section in self.sections if section.text.strip())

    def section_text(self, kind: SectionKind) -> str:
        """Join the sections of one kind by blank lines; empty when there is none."""
        return "\n\n".join(section.text for section in self.sections if section.kind is kind)

    def as_chat_messages(self) -> list[ChatMessage]:
        """Render as the messages of the OpenAI chat format.

        There is at most one system message and it is the first: many chat templates refuse others.
        The text is valid UTF-8 and free of NUL, which JSON parsers and databases of some servers refuse.
        """
        system_text = clean_text(self.system_text)
        messages = [{"role": "system", "content": system_text}] if system_text else []
        return messages + self._conversation_messages()

    def _conversation_messages(self) -> list[ChatMessage]:
        if self.is_transcript:
            return [{"role": Role.USER.value, "content": render_transcript(self.turns)}]
        return [{"role": turn.role.value, "content": _content_of(turn)} for turn in self.turns]


def kind_of_media(mime_type: str) -> MediaKind:
    """Tell a picture and a recording by their type; everything else is a document."""
    family = mime_type.partition("/")[0]
    return MediaKind(family) if family in (MediaKind.IMAGE, MediaKind.AUDIO) else MediaKind.FILE


def estimate_media_tokens(
    kind: MediaKind, *, size_bytes: int, pages: int | None = None, duration_s: float | None = None
) -> int:
    """Estimate what a picture, a recording or a document costs; by its size where nothing better is known."""
    match kind:
        case MediaKind.IMAGE:
            return IMAGE_TOKENS
        case MediaKind.AUDIO:
            return math.ceil(AUDIO_TOKENS_PER_S * (duration_s or size_bytes / AUDIO_BYTES_PER_S))
        case MediaKind.FILE:
            return PAGE_TOKENS * (pages or math.ceil(size_bytes / PAGE_BYTES))


def render_transcript(turns: tuple[Turn, ...]) -> str:
    """Render turns as data: one JSON object a line, between two delimiters.

    `<` is written `\\u003c` inside the JSON strings, so no turn can contain a delimiter,
    and JSON leaves no raw line break, so no turn can start a line of its own.
    """
    lines = (render_line(turn) for turn in turns)
    return "\n".join((TRANSCRIPT_OPEN, *lines, TRANSCRIPT_CLOSE))


def clean_text(text: str) -> str:
    """Return `text` as valid UTF-8 without NUL: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "")


def is_blank(text: str) -> bool:
    """Tell whether a reader would see nothing: white space, control and format characters, fillers."""
    return all(char.isspace() or category(char) in INVISIBLE or char in FILLERS for char in text)


def _content_of(turn: Turn) -> str | list[dict[str, Any]]:
    """Return the text, or the parts of a message with pictures (OpenAI API reference, "Create chat completion")."""
    text = clean_text(turn.content)
    images = [media for media in turn.media if media.kind is MediaKind.IMAGE]
    if not images:
        return text
    urls = (f"data:{image.mime_type};base64,{b64encode(image.content).decode()}" for image in images)
    pictures = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"type": "text", "text": text}, *pictures]


def render_line(turn: Turn) -> str:
    """Render one turn of a transcript."""
    line = json.dumps({"role": turn.role.value, "text": clean_text(turn.content)}, ensure_ascii=False)
    # U+2028, U+2029 and U+0085 break lines for some readers although JSON allows them raw.
    return (
        line.replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
        .replace("\u0085", "\\u0085")
    )
