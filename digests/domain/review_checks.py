"""What can be found wrong with a digest without asking a model: links, figures, names, language, advertisements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from digests.domain.day import DayPosts, Statement
from digests.domain.grounding import find_unsupported
from digests.domain.language import judge_language
from personalization.domain.stemming import stems_of

VERSION = 1
SAME_STEMS = 0.8  # Jaccard's coefficient of two statements that say one thing


class FindingKind(StrEnum):
    LINK = "link"  # it cites what was not posted that day
    FIGURE = "figure"  # no cited post has it; likewise for names and titles
    NAME = "name"
    TITLE = "title"
    LANGUAGE = "language"
    ADVERTISEMENT = "advertisement"  # it rests on advertisements alone
    REPEAT = "repeat"  # an earlier statement says so already


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a statement; `statement` counts from 1."""

    statement: int
    kind: FindingKind
    value: str


@dataclass(frozen=True, slots=True)
class Checks:
    statements: int
    findings: tuple[Finding, ...]

    @property
    def has_passed(self) -> bool:
        return not self.findings

    def as_json(self) -> str:
        """Return what `review_report.v1` has under `checks`."""
        told = {
            "version": VERSION,
            "has_passed": self.has_passed,
            "statements": self.statements,
            "findings": [asdict(finding) for finding in self.findings],
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True)


def check_digest(statements: Sequence[Statement], day_posts: DayPosts) -> Checks:
    """Check every statement against the posts that it cites."""
    findings = [
        Finding(number, kind, value)
        for number, statement in enumerate(statements, start=1)
        for kind, value in _check(statement, statements[: number - 1], day_posts)
    ]
    return Checks(len(statements), tuple(findings))


def _check(
    statement: Statement, earlier: Sequence[Statement], day_posts: DayPosts
) -> Iterator[tuple[FindingKind, str]]:
    found = {post_id: day_posts.find(post_id) for post_id in statement.post_ids}
    cited = [post for post in found.values() if post is not None]
    for post_id, post in found.items():
        if post is None:
            yield FindingKind.LINK, str(post_id)
    for unsupported in find_unsupported(statement, cited):
        yield FindingKind(unsupported.kind.value), unsupported.value
    if fault := judge_language(statement.text).fault:
        yield FindingKind.LANGUAGE, fault.value
    if cited and all(post.is_ad for post in cited):
        yield FindingKind.ADVERTISEMENT, str(cited[0].message_id)
    if number := _find_same(statement, earlier):
        yield FindingKind.REPEAT, str(number)


def _find_same(statement: Statement, earlier: Sequence[Statement]) -> int:
    """Return the number of the first statement that says the same, 0 if none does."""
    stems = set(stems_of(statement.text))
    for number, other in enumerate(earlier, start=1):
        others = set(stems_of(other.text))
        if stems and len(stems & others) >= SAME_STEMS * len(stems | others):
            return number
    return 0
