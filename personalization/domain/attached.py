"""The files of a message, and what of them a model is shown that may be asked about them.

A model that takes a file as it is gets it so, if there is room; else its text, if it has any. A fallback may take less
than the first choice: what is shown is decided anew for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from llm.file_blocks import FileBlock, render_blocks
from llm.prompt import MEDIA_MAX_BYTES, Media, MediaKind, is_blank
from llm.providers.base import Capabilities
from llm.route import Route
from llm.tokens import estimate_tokens
from personalization.domain import files
from personalization.domain.retrieval import Excerpt
from personalization.models import StoredFile


@dataclass(frozen=True, slots=True)
class Recording:
    """`is_transcribed`: its words are those of the message. `duration_s` is 0 where nobody has said."""

    duration_s: float = 0.0
    is_transcribed: bool = False


UNKNOWN = Recording()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """`kind` is what it is to a model that takes it as it is; None for a file that none does.

    `media` is there if somebody on the route takes it, `block` if it has a text. `is_transcribed` as in `Recording`.
    """

    name: str
    kind: MediaKind | None = None
    media: Media | None = None
    block: FileBlock | None = None
    is_transcribed: bool = False

    @property
    def rank(self) -> int:
        """Who gets room first: what has no text, then what has one, last what is said in the message anyway."""
        return 2 if self.is_transcribed else int(self.block is not None)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one model is shown: files as they are, the texts of others.

    `untaken` are those that it does not take, `left_out` those that it would, had there been room.
    """

    as_they_are: tuple[AttachedFile, ...] = ()
    blocks: tuple[FileBlock, ...] = ()
    untaken: tuple[AttachedFile, ...] = ()
    left_out: tuple[AttachedFile, ...] = ()

    @property
    def unseen(self) -> tuple[AttachedFile, ...]:
        return self.untaken + self.left_out

    @property
    def is_empty(self) -> bool:
        return not self.as_they_are and not self.blocks

    @property
    def media(self) -> tuple[Media, ...]:
        return tuple(file.media for file in self.as_they_are if file.media)


@dataclass(frozen=True, slots=True)
class Attached:
    """The files that came with a message, in their order."""

    files: tuple[AttachedFile, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which the files are spoken of; a recording is not, whose words are the message."""
        return tuple(file.name for file in self.files if not file.is_transcribed)

    @property
    def is_showable(self) -> bool:
        """Whether there is anything that some model on the route can be shown."""
        return any(file.block or file.media for file in self.files)

    def without_media(self) -> Attached:
        return Attached(tuple(replace(file, media=None) for file in self.files))

    def list_frames(self) -> Seen:
        """Return what is said around the files at the most: marks of texts, names of all that may be unseen."""
        marks = (FileBlock("", ""),) if any(file.block for file in self.files) else ()
        return Seen(self.files, marks, tuple(file for file in self.files if not file.is_transcribed))

    def seen_by(self, capabilities: Capabilities, *, room_tokens: int, model: str = "") -> Seen:
        """Return what a model is shown, `room_tokens` at most as they are estimated.

        A picture never pushes a text out; a text that does not fit is cut.
        """
        costs = [_cost_of_block(file.block, model) for file in self.files]
        chosen = self._choose_media(capabilities, costs, room_tokens=room_tokens)
        seen = [file for place, file in enumerate(self.files) if place in chosen]
        left = room_tokens - sum(file.media.tokens for file in seen if file.media)
        read = {
            place: file.block for place, file in enumerate(self.files) if file.block and place not in chosen
        }
        blocks = _fit_blocks(read, costs, room_tokens=left, model=model)
        unseen = [
            file
            for place, file in enumerate(self.files)
            if place not in chosen and place not in blocks and not file.is_transcribed
        ]
        untaken = [file for file in unseen if file.kind and not capabilities.takes(file.kind)]
        left_out = [file for file in unseen if not file.kind or capabilities.takes(file.kind)]
        return Seen(tuple(seen), tuple(blocks.values()), tuple(untaken), tuple(left_out))

    def _choose_media(
        self, capabilities: Capabilities, costs: Sequence[int], *, room_tokens: int
    ) -> set[int]:
        """Return the places of the files that are shown as they are."""
        left = room_tokens - sum(costs)
        chosen = set()
        for place, file in sorted(enumerate(self.files), key=lambda placed: placed[1].rank):
            if file.media is None or not capabilities.takes(file.media.kind):
                continue
            more_tokens = file.media.tokens - costs[place]
            if more_tokens <= max(left, 0):
                chosen.add(place)
                left -= more_tokens
        return chosen


NOTHING_ATTACHED, NOTHING_SEEN = Attached(), Seen()


def attach_files(
    kept: Sequence[StoredFile],
    *,
    excerpts: Sequence[Excerpt] = (),
    recordings: Mapping[UUID, Recording] | None = None,
    route: Route,
) -> Attached:
    """Return the files for the prompt; the content of those that some model on the route takes is read.

    `recordings` are told of by the files' ids.
    """
    heard = recordings or {}
    blocks = {excerpt.file.file_id: excerpt.block for excerpt in excerpts}
    media = _read_media(kept, heard, route)
    return Attached(
        tuple(
            AttachedFile(
                name=file.name,
                kind=files.find_media_kind(file),
                media=media.get(file.file_id),
                block=blocks.get(file.file_id),
                is_transcribed=heard.get(file.file_id, UNKNOWN).is_transcribed,
            )
            for file in kept
        )
    )


def _read_media(
    kept: Sequence[StoredFile], recordings: Mapping[UUID, Recording], route: Route
) -> dict[UUID, Media]:
    """Read what may be shown as it is, `MEDIA_MAX_BYTES` in all; what has no text before what has one."""
    abilities = [candidate.capabilities for candidate in route.candidates]
    taken = {kind for kind in MediaKind if any(ability.takes(kind) for ability in abilities)}
    left = MEDIA_MAX_BYTES
    media = {}
    for file in sorted(kept, key=lambda file: bool(file.text_chars)):
        if files.find_media_kind(file) not in taken or file.size_bytes > left:
            continue
        try:
            duration_s = recordings.get(file.file_id, UNKNOWN).duration_s
            media[file.file_id] = files.read_media(file, duration_s=duration_s)
        except FileNotFoundError:  # deleted since its record was read
            continue
        left -= file.size_bytes
    return media


def _cost_of_block(block: FileBlock | None, model: str) -> int:
    return estimate_tokens(render_blocks([block]), model=model) if block else 0


def _fit_blocks(
    blocks: Mapping[int, FileBlock], costs: Sequence[int], *, room_tokens: int, model: str
) -> dict[int, FileBlock]:
    """Return the blocks in their order, cut so that they fit: what small ones leave goes to the large ones."""
    fitting: dict[int, FileBlock] = {}
    for number, place in enumerate(sorted(blocks, key=lambda place: costs[place])):
        share = max(room_tokens, 0) // (len(blocks) - number)
        if block := _cut(blocks[place], share, model):
            fitting[place] = block
            room_tokens -= _cost_of_block(block, model)
    return {place: fitting[place] for place in blocks if place in fitting}


def _cut(block: FileBlock, room_tokens: int, model: str) -> FileBlock | None:
    """Return the beginning of a text that there is room for; None if there is room for none of it."""
    while (cost := _cost_of_block(block, model)) > room_tokens:
        text = block.text[: min(len(block.text) - 1, len(block.text) * room_tokens // cost)]
        if is_blank(text):
            return None
        block = replace(block, text=text, is_part=True)
    return block
