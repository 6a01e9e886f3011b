"""What a prompt is shown of a person's files: of those just sent, and of earlier ones where a question asks for it.

Everything is asked for by the person's own id. The work is bounded whatever a person has stored: so many files, so
many candidates, so many passages are looked at.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

import tracing
from llm.file_blocks import FileBlock
from llm.tokens import estimate_tokens
from personalization.domain.passages import PASSAGE_CHARS, SHORTEST_CHARS
from personalization.domain.ranking import Hit, is_covered, rank_passages
from personalization.domain.stemming import unique_stems
from personalization.models import FilePassage, StoredFile

MOST_STEMS = 24  # of a question; who writes more tells something rather than asks
MOST_FILES = 500  # the newest; an earlier one is found no more
MOST_CANDIDATES = 1_500  # the newest; 2 MB at most
MOST_HITS = 8
FRAME_TOKENS = 16  # the delimiters of a block
CHARS_PER_TOKEN = 8  # more than in any language and family: a bound for how much is worth reading
HEAD_SHARE = 4  # the beginning of a file says what it is, for a quarter of the room
Place = tuple[UUID, int]  # file id, ordinal
GAP = "\n[…]\n"
PAGE_MARK = re.compile(r"^\[page (\d+)\]$", re.MULTILINE)  # as the extraction writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """What is shown of one file. `is_picked`: the places that match the question, and not the beginning."""

    file: StoredFile
    text: str
    is_whole: bool
    is_picked: bool = False

    @property
    def block(self) -> FileBlock:
        return FileBlock(self.file.name, self.text, is_part=not self.is_whole or self.file.is_truncated)

    @property
    def last_page(self) -> int | None:
        """The number of the last page that is shown, None where a kind of file has no pages."""
        marks = PAGE_MARK.findall(self.text)
        return int(marks[-1]) if marks else None


def read_excerpts(
    files: Sequence[StoredFile], *, question: str, budget_tokens: int, model: str = ""
) -> list[Excerpt]:
    """Return what fits of files that came with a question, in their order.

    A file that does not fit shows the places that match the question, without any its beginning. What small ones
    leave of their share goes to the large ones.
    """
    excerpts: dict[UUID, Excerpt] = {}
    left = budget_tokens
    for place, file in enumerate(sorted(files, key=lambda file: file.text_chars)):
        share = left // (len(files) - place) - _frame_cost(file.name, model)
        excerpt = excerpts[file.file_id] = _read_excerpt(file, question, _Budget(share, model))
        left -= _frame_cost(file.name, model) + estimate_tokens(excerpt.text, model=model)
    return [excerpts[file.file_id] for file in files]


def find_excerpts(user_id: str, *, question: str, budget_tokens: int, model: str = "") -> list[FileBlock]:
    """Return the places in a person's files that match a question, the best file first; none if none does well enough.

    A passage has to hold half of the question's content words, those in its file's name included. Where a file's name
    alone does, its beginning is shown.
    """
    query = unique_stems(question, limit=MOST_STEMS)
    if not query:
        return []
    with tracing.span("search files"):
        return _find_places(user_id, query, _Budget(budget_tokens, model))


def _find_places(user_id: str, query: Sequence[str], budget: _Budget) -> list[FileBlock]:
    files = {
        file.file_id: file
        for file in StoredFile.objects.filter(user_id=user_id, text_chars__gt=0).order_by("-created_at")[
            :MOST_FILES
        ]
    }
    name_stems = {file_id: set(unique_stems(file.name, limit=MOST_STEMS)) for file_id, file in files.items()}
    passage_count = sum(_count_passages(file) for file in files.values())
    candidates = [found for found in _find_candidates(user_id, query) if found.file_id in files]
    hits = rank_passages(candidates, query, passage_count=passage_count, name_stems=name_stems)
    hits = hits or [Hit(file_id, 0, 0.0) for file_id in files if is_covered(query, name_stems[file_id])]
    tracing.note(files=len(files), candidates=len(candidates), hits=len(hits))
    return _show_hits(user_id, hits[:MOST_HITS], files, budget)


class _Budget:
    """How many tokens are left."""

    def __init__(self, tokens: int, model: str) -> None:
        self.left = tokens
        self._model = model

    def take(self, text: str) -> bool:
        """Pay for a text; False if it is too dear."""
        cost = estimate_tokens(text, model=self._model)
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def pay_frame(self, name: str) -> None:
        """Pay for what stands around a file's text, come what may."""
        self.left -= _frame_cost(name, self._model)

    def share(self, parts: int) -> _Budget:
        """Return a budget of a part of what is left, to cut by; what is used of it is still to be paid."""
        return _Budget(self.left // parts, self._model)

    def cut(self, text: str) -> str:
        """Return the beginning of a text that can be paid for."""
        while text and (cost := estimate_tokens(text, model=self._model)) > self.left:
            text = text[: min(len(text) - 1, len(text) * max(self.left, 0) // cost)]
        return text


def _frame_cost(name: str, model: str) -> int:
    return FRAME_TOKENS + estimate_tokens(name, model=model)


def _count_passages(file: StoredFile) -> int:
    return file.text_chars // PASSAGE_CHARS + 1


def _read_excerpt(file: StoredFile, question: str, budget: _Budget) -> Excerpt:
    limit = max(budget.left, 0) * CHARS_PER_TOKEN // SHORTEST_CHARS + 1
    beginning = _list_passages(file.user_id, file.file_id, ordinal={"$lt": limit})
    text = "".join(passage.text for passage in beginning)
    if len(text) >= file.text_chars and budget.take(text):
        return Excerpt(file=file, text=text, is_whole=True)
    if picked := _pick(file, question, budget):
        return Excerpt(file=file, text=picked, is_whole=False, is_picked=True)
    return Excerpt(file=file, text=budget.cut(text), is_whole=False)


def _pick(file: StoredFile, question: str, budget: _Budget) -> str:
    """Return the places of a file that match a question, its head before them; empty if none does."""
    query = unique_stems(question, limit=MOST_STEMS)
    if not query:
        return ""
    candidates = _find_candidates(file.user_id, query, file_id=file.file_id)
    names = {file.file_id: set(unique_stems(file.name, limit=MOST_STEMS))}
    hits = rank_passages(candidates, query, passage_count=_count_passages(file), name_stems=names)
    if not hits:
        return ""
    places = [(file.file_id, hit.ordinal) for hit in hits[:MOST_HITS]]
    texts = _load_texts(file.user_id, [(file.file_id, 0), *places])
    head = ""
    if (file.file_id, 0) not in places:
        head = budget.share(HEAD_SHARE).cut(texts.pop((file.file_id, 0), ""))
        budget.take(head)
    chosen = _choose(places, texts, budget)
    return f"{head}\n{_join(chosen, texts)}".strip() if chosen else ""


def _find_candidates(user_id: str, query: Sequence[str], *, file_id: UUID | None = None) -> list[FilePassage]:
    """Return a person's newest passages that hold a stem, without their text."""
    pipeline = [
        {"$match": {**_match_file(file_id), "user_id": user_id, "stems": {"$in": list(query)}}},
        {"$sort": {"_id": -1}},
        {"$limit": MOST_CANDIDATES},
        {"$project": {"file_id": 1, "ordinal": 1, "stems": 1}},
    ]
    return list(FilePassage.pipelines.raw_aggregate(pipeline))


def _list_passages(user_id: str, file_id: UUID, *, ordinal: Mapping[str, object]) -> list[FilePassage]:
    """Return passages of a file in their order, with their text."""
    pipeline = [
        {"$match": {**_match_file(file_id), "ordinal": ordinal, "user_id": user_id}},
        {"$sort": {"ordinal": 1}},
        {"$project": {"file_id": 1, "ordinal": 1, "text": 1}},
    ]
    return list(FilePassage.pipelines.raw_aggregate(pipeline))


def _match_file(file_id: UUID | None) -> dict[str, object]:
    """Begin a filter: the embedded server takes the index of the first field that has one.

    Filters are pipelines here, as Django's `overlap` compares every document and leaves the index aside.
    """
    if file_id is None:
        return {}
    return {"file_id": FilePassage._meta.get_field("file_id").get_db_prep_value(file_id, connection)}


def _show_hits(
    user_id: str, hits: Sequence[Hit], files: Mapping[UUID, StoredFile], budget: _Budget
) -> list[FileBlock]:
    for file_id in {hit.file_id for hit in hits}:
        budget.pay_frame(files[file_id].name)
    places = [(hit.file_id, hit.ordinal) for hit in hits]
    texts = _load_texts(user_id, places)
    chosen = _choose(places, texts, budget)
    order = dict.fromkeys(file_id for file_id, _ in chosen)
    return [
        FileBlock(
            files[file_id].name,
            _join([place for place in chosen if place[0] == file_id], texts),
            is_part=True,
        )
        for file_id in order
    ]


def _choose(places: Sequence[Place], texts: Mapping[Place, str], budget: _Budget) -> list[Place]:
    """Return what can be paid for: the places themselves, best first, then what stands after and before them."""
    neighbours = [(file_id, ordinal + step) for file_id, ordinal in places for step in (1, -1)]
    chosen: list[Place] = []
    for place in [*places, *neighbours]:
        if place in texts and place not in chosen and budget.take(texts[place]):
            chosen.append(place)
    return chosen


def _load_texts(user_id: str, places: Iterable[Place]) -> dict[Place, str]:
    """Return the texts of passages and of their neighbours."""
    ordinals: dict[UUID, set[int]] = defaultdict(set)
    for file_id, ordinal in places:
        ordinals[file_id].update((ordinal - 1, ordinal, ordinal + 1))
    return {
        (file_id, passage.ordinal): passage.text
        for file_id, around in ordinals.items()
        for passage in _list_passages(user_id, file_id, ordinal={"$in": sorted(around)})
    }


def _join(places: Iterable[Place], texts: Mapping[Place, str]) -> str:
    """Put passages of one file together in their order, with a mark where something is left out."""
    joined = ""
    previous = -1
    for place in sorted(places, key=lambda place: place[1]):
        joined += texts[place] if place[1] == previous + 1 else GAP + texts[place]
        previous = place[1]
    return joined.strip()
