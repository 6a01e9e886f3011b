"""A digest without a model: the sentences of the posts that say most, each with its post's number.

What says most: figures and names, for that is what news are made of; early in its post, for there it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from llm.extractive import choose_evenly, fit_text
from llm.offline.facts import is_question
from llm.prompt import Turn

MOST_SENTENCES = 8
SENTENCE_MAX_CHARS = 240
FEWEST_LETTERS = 25  # «Доброе утро!» is no news
# As `digests/domain/prompts.py` renders a post: number, time, whose repost it is, text.
POST = re.compile(r"^\[(?P<number>\d+)\]\s*(?:\d\d:\d\d\s+)?(?:\(репост: [^)]*\)\s*)?(?P<text>.*)$", re.S)
# «1,2 млрд. рублей» goes on in small letters.
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[«(\"A-ZА-ЯЁ\d—])")
FIGURE = re.compile(r"\d")
NAME = re.compile(r"(?<=[^.!?…]\s)[А-ЯЁA-Z][а-яёa-z]+|«[^»]+»")
BULLET = re.compile(r"^[\s•–—-]+")
FIGURE_WORTH, NAME_WORTH, PLACE_COST = 2.0, 1.0, 1.25
MOST_OF_A_KIND = 3


@dataclass(frozen=True, slots=True)
class _Sentence:
    number: int
    text: str
    worth: float


def digest_posts(turns: Iterable[Turn]) -> str:
    """Return at most `MOST_SENTENCES` lines `- sentence [number]`, in the order of the posts; deterministic."""
    told = [best for turn in turns if (best := _find_best(turn.content))]
    found = [sentence for sentence in told if sentence.worth > 0] or told  # small talk if nothing else
    chosen = sorted(_choose_worthiest(found), key=lambda sentence: sentence.number)
    return "\n".join(f"- {sentence.text} [{sentence.number}]" for sentence in chosen)


def _choose_worthiest(found: list[_Sentence]) -> list[_Sentence]:
    """Choose the sentences that say most; of those that are worth the same, from all over the day."""
    ranked = sorted(found, key=lambda sentence: (-sentence.worth, sentence.number))
    if len(ranked) <= MOST_SENTENCES:
        return ranked
    least = ranked[MOST_SENTENCES - 1].worth
    better = [sentence for sentence in ranked if sentence.worth > least]
    equal = [sentence for sentence in ranked if sentence.worth == least]
    return better + choose_evenly(equal, MOST_SENTENCES - len(better))


def _find_best(content: str) -> _Sentence | None:
    """Return the sentence of one post that says most."""
    post = POST.match(content)
    if post is None:
        return None
    sentences = [
        _weigh(sentence, number=int(post["number"]), place=place)
        for place, sentence in enumerate(SENTENCE_END.split(post["text"]))
        if not is_question(sentence) and sum(map(str.isalpha, sentence)) >= FEWEST_LETTERS
    ]
    return max(sentences, key=lambda sentence: sentence.worth, default=None)


def _weigh(sentence: str, *, number: int, place: int) -> _Sentence:
    text = fit_text(BULLET.sub("", sentence), SENTENCE_MAX_CHARS)
    figures = min(MOST_OF_A_KIND, len(FIGURE.findall(text)))
    names = min(MOST_OF_A_KIND, len(NAME.findall(text)))
    return _Sentence(number, text, FIGURE_WORTH * figures + NAME_WORTH * names - PLACE_COST * place)
