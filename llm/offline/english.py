"""English: how people speak of themselves, and what they ask."""

from __future__ import annotations

import re

from llm.offline.english_phrases import PHRASES
from llm.offline.facts import Fact, FactKind, FactPattern
from llm.offline.wording import AT_FIRST, FactQuestion, Intent, Wording

NEXT_CLAUSE = (
    r"(?=,?\s+(?:and|but|so|because)\s+(?:i|i['’]m|i['’]ve|my)\b"
    r"|,\s+(?:and|but|i|i['’]m|i['’]ve|my|so|because|which|who|where|when|on|at|in)\b|\s+[—–]\s|$)"
)
VALUE = rf"\s+(?P<value>\S.*?){NEXT_CLAUSE}"
I_AM = r"\bi(?:['’]m|\s+am)\s+(?:(?:currently|now|also)\s+)?"
NO = r"(?:(?P<no>(?:do\s+not|don['’]t|no\s+longer|am\s+not)\s+)|(?:(?:really|also|still|currently|now)\s+)?)"


def _verb(kind: FactKind, verbs: str) -> FactPattern:
    return FactPattern(kind, re.compile(rf"\bi\s+{NO}(?:{verbs}){VALUE}", re.I))


def _doing(kind: FactKind, participles: str) -> FactPattern:
    return FactPattern(kind, re.compile(rf"{I_AM}(?P<no>not\s+)?(?:{participles}){VALUE}", re.I))


NAME_WORD = r"(?P<value>(?!not\b|what\b)[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*){0,2})"

FACT_PATTERNS = (
    FactPattern(
        FactKind.NAME, re.compile(rf"\b(?:my\s+name(?:['’]s|\s+is)(?:\s+now)?|call\s+me)\s+{NAME_WORD}", re.I)
    ),
    FactPattern(FactKind.AGE, re.compile(rf"{I_AM}(?P<value>\d{{1,3}})(?=\s+years?\b|\s*$|,)", re.I)),
    _verb(FactKind.LIVES, r"live(?=\s+(?:in|at|on|near|with)\b)"),
    _verb(FactKind.WORKS, r"work(?=\s+(?:in|at|as|for|on|with)\b)"),
    _doing(FactKind.WORKS, r"working(?=\s+(?:in|at|as|for|on|with)\b)"),
    _verb(FactKind.LEARNS, "learn|study"),
    _doing(FactKind.LEARNS, "learning|studying"),
    _verb(FactKind.LIKES, "like|love|enjoy"),
    _verb(FactKind.DISLIKES, "hate|dislike"),
    _verb(FactKind.PREFERS, "prefer"),
    _verb(FactKind.WANTS, "want"),
    _verb(FactKind.PLANS, r"plan(?=\s+to\b)"),
    _doing(FactKind.PLANS, r"(?:planning|going)(?=\s+to\b)"),
    _verb(
        FactKind.HAS,
        r"have(?!\s+(?:a|an|one|no|some|another)?\s*(?:\w+\s+)?(?:questions?|problems?|idea|to)\b)",
    ),
    FactPattern(FactKind.HAS, re.compile(rf"\bi['’]ve\s+got{VALUE}", re.I)),
)

WORTH_KEEPING = re.compile(
    r"\d|\b(?:tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|april|june|july"
    r"|august|september|october|november|december|my|birthday|allerg\w+)\b",
    re.I,
)

LABELS = {
    FactKind.NAME: "Name",
    FactKind.AGE: "Age",
    FactKind.LIVES: "Lives",
    FactKind.WORKS: "Works",
    FactKind.STUDIES: "Studies",
    FactKind.LEARNS: "Learns",
    FactKind.LIKES: "Likes",
    FactKind.DISLIKES: "Dislikes",
    FactKind.PREFERS: "Prefers",
    FactKind.WANTS: "Wants",
    FactKind.PLANS: "Plans",
    FactKind.HAS: "Has",
    FactKind.TOPICS: "Topics",
    FactKind.STATED: "Said",
    FactKind.ASKED: "Asked",
}

SENTENCES = {
    FactKind.NAME: "your name is {}",
    FactKind.AGE: "you are {} years old",
    FactKind.LIVES: "you live {}",
    FactKind.WORKS: "you work {}",
    FactKind.STUDIES: "you study {}",
    FactKind.LEARNS: "you are learning {}",
    FactKind.LIKES: "you like {}",
    FactKind.DISLIKES: "you do not like {}",
    FactKind.PREFERS: "you prefer {}",
    FactKind.WANTS: "you want {}",
    FactKind.PLANS: "you plan {}",
    FactKind.HAS: "you have {}",
    FactKind.TOPICS: "topics that interest you: {}",
    FactKind.NOTE: "from earlier conversations: {}",
    FactKind.STATED: "you told me: “{}”",
    FactKind.ASKED: "you asked: “{}”",
}

INTENTS = (
    (
        Intent.ASK_KNOWN,
        re.compile(
            r"\b(?:know|remember|told\s+you)\b.{0,20}\babout\s+(?:me|myself)\b|\btell\s+me\s+about\s+(?:me|myself)\b"
        ),
    ),
    (
        Intent.ASK_CLOCK,
        re.compile(
            r"\bwhat(?:['’]s|\s+is)?\s+(?:the\s+)?(?:current\s+)?(?:time|date|day)\b|\btoday['’]?s\s+date\b"
        ),
    ),
    (
        Intent.ASK_HELP,
        re.compile(
            r"\bwhat\s+can\s+you\s+do\b|\bwho\s+are\s+you\b|\bwhat\s+are\s+you\b|^\s*help\W*$"
            r"|\bare\s+you\s+(?:an?\s+)?(?:\w+\s+)?(?:bot|robot|ai|model|human|person)\b|\bwhich\s+model\b"
        ),
    ),
    (Intent.THANK, re.compile(r"\b(?:thanks|thank\s+you|cheers|much\s+obliged)\b")),
    (Intent.LEAVE, re.compile(r"\b(?:goodbye|bye|see\s+you|good\s*night|farewell)\b")),
    (Intent.ASK_MOOD, re.compile(r"\bhow\s+are\s+you\b|\bhow\s+do\s+you\s+do\b|\bhow['’]s\s+it\s+going\b")),
    (
        Intent.GREET,
        re.compile(rf"{AT_FIRST}(?:hello|hi|hey|greetings|good\s+(?:morning|afternoon|evening|day))\b"),
    ),
)

FACT_QUESTIONS = (
    FactQuestion(
        (FactKind.NAME,), re.compile(r"\bmy\s+name\s*\?|\bwhat(?:['’]s|\s+is)\s+my\s+name\b|\bwho\s+am\s+i\b")
    ),
    FactQuestion((FactKind.AGE,), re.compile(r"\bhow\s+old\s+am\s+i\b|\bmy\s+age\b")),
    FactQuestion((FactKind.LIVES,), re.compile(r"\bwhere\s+(?:do\s+i\s+live|am\s+i\s+from)\b")),
    FactQuestion(
        (FactKind.WORKS,), re.compile(r"\bwhere\s+do\s+i\s+work\b|\bwhat(?:['’]s|\s+is)\s+my\s+job\b")
    ),
    FactQuestion(
        (FactKind.LEARNS, FactKind.STUDIES),
        re.compile(r"\bwhat\s+(?:am\s+i|do\s+i)\s+(?:learn|learning|study|studying)\b"),
    ),
    FactQuestion((FactKind.LIKES,), re.compile(r"\bwhat\s+do\s+i\s+(?:like|love|enjoy)\b")),
    FactQuestion(
        (FactKind.DISLIKES,),
        re.compile(r"\bwhat\s+do(?:n['’]t|\s+not)?\s+i\s+(?:hate|dislike|not\s+like|like)\b"),
    ),
    FactQuestion((FactKind.PREFERS,), re.compile(r"\bwhat\s+do\s+i\s+prefer\b")),
    FactQuestion(
        (FactKind.WANTS, FactKind.PLANS), re.compile(r"\bwhat\s+(?:do\s+i|am\s+i)\s+(?:want|plan|planning)\b")
    ),
    FactQuestion((FactKind.HAS,), re.compile(r"\bwhat\s+do\s+i\s+have\b")),
)


def describe(fact: Fact) -> str:
    return SENTENCES[fact.kind].format(fact.value)


ENGLISH = Wording(
    language="en",
    fact_patterns=FACT_PATTERNS,
    reminder=re.compile(
        r"\b(?:please\s+)?(?:remember|note)\s*[,:]?\s*(?:that\s+)?(?P<value>(?!me\b|what\b)\S.*)$", re.I
    ),
    worth_keeping=WORTH_KEEPING,
    old_name=re.compile(r"\b(?:name|named|called)\b", re.I),
    labels=LABELS,
    nothing_said="Nothing personal was said",
    intents=INTENTS,
    fact_questions=FACT_QUESTIONS,
    describe=describe,
    phrases=PHRASES,
)
