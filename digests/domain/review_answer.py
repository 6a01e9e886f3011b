"""A reviewer's answer: one JSON object, as `templates/prompts/review.ru.txt` asks for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from digests.errors import ReviewUnreadable
from llm.extractive import fit_text
from llm.prompt import clean_text

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MOST_REMARKS = 10
REMARK_MAX_CHARS = 300
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
REMARKS = {"type": "array", "items": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "required": ["coverage", "faithfulness", "language"],
    "properties": {
        "coverage": SHARE,
        "faithfulness": SHARE,
        "language": SHARE,
        "missed": REMARKS,
        "unsupported": {"type": "array", "items": {"type": "integer"}},
        "remarks": REMARKS,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Shares from 0 to 1; `unsupported` are numbers of statements, from 1."""

    coverage: float
    faithfulness: float
    language: float
    missed: tuple[str, ...] = ()
    unsupported: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()

    def remarks_as_json(self) -> str:
        """Return what `review_report.v1` has under `remarks`."""
        return remarks_as_json(missed=self.missed, unsupported=self.unsupported, remarks=self.remarks)


def remarks_as_json(
    *, missed: tuple[str, ...] = (), unsupported: tuple[int, ...] = (), remarks: tuple[str, ...] = ()
) -> str:
    told = {"missed": missed, "unsupported": unsupported, "remarks": remarks}
    return json.dumps(told, ensure_ascii=False, sort_keys=True)


def read_verdict(text: str, *, statements: int) -> Verdict:
    """Read a reviewer's answer about so many statements, whatever stands around the object.

    Raises `ReviewUnreadable` if there is no object of the form that was asked for.
    """
    found = _find_object(text)
    error = next(iter(_validator().iter_errors(found)), None)
    if error is not None:
        place = "/".join(map(str, error.absolute_path)) or "the object"
        raise ReviewUnreadable(f"{place}: not as asked for ({error.validator})")
    return Verdict(
        coverage=float(found["coverage"]),
        faithfulness=float(found["faithfulness"]),
        language=float(found["language"]),
        missed=_shorten(found.get("missed", [])),
        unsupported=tuple(
            sorted({int(number) for number in found.get("unsupported", []) if 1 <= number <= statements})
        ),
        remarks=_shorten(found.get("remarks", [])),
    )


def _find_object(text: str) -> Any:
    """Return the JSON object that a text holds: models like to fence it and to add a word."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        raise ReviewUnreadable("no JSON object")
    try:
        return json.loads(text[start : end + 1], parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ReviewUnreadable("the object is not JSON") from error


def _refuse(constant: str) -> NoReturn:
    """`NaN` passes for a number within any bounds, and is no JSON."""
    raise ValueError(constant)


def _shorten(remarks: list[str]) -> tuple[str, ...]:
    told = (fit_text(" ".join(clean_text(remark).split()), REMARK_MAX_CHARS) for remark in remarks)
    return tuple(remark for remark in told if remark)[:MOST_REMARKS]


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  # only exports and reviews pay for it

    return Draft202012Validator(SCHEMA)
