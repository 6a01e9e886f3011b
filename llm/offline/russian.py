"""Russian: how people speak of themselves, and what they ask."""

from __future__ import annotations

import re

from llm.offline.facts import Fact, FactKind, FactPattern
from llm.offline.russian_phrases import PHRASES
from llm.offline.wording import AT_FIRST, FactQuestion, Intent, Wording

SAID_OF_ONESELF = (
    r"(?:(?:(?:больше|уже|совсем)\s+)?не\s+)?"
    r"(?:живу|работаю|учу|изучаю|люблю|обожаю|ненавижу|предпочитаю|хочу|учусь|планирую)"
)
# Where the words about one thing end and the next thing begins.
NEXT_CLAUSE = (
    r"(?=,?\s+(?:а|но|и|что|чтобы|потому|хотя)\s+(?:я|меня|мне|мой|моя|мои|у\s+меня|ещё|еще"
    rf"|{SAID_OF_ONESELF})\b"
    r"|,\s+(?:а|но|и|я|меня|мне|мой|моя|у|в|на|по|с|от|где|когда|потому|чтобы|которая?|который|ещё|еще"
    rf"|{SAID_OF_ONESELF})\b"
    r"|\s+[—–]\s|$)"
)
VALUE = rf"\s+(?P<value>\S.*?){NEXT_CLAUSE}"
NO = r"(?<!\w)(?:(?P<no>(?:(?:больше|уже|совсем)\s+)?не)\s+)?"
ADVERB = r"(?:\s+(?:очень|больше\s+всего|ещё|еще|сейчас|теперь|просто))?"


def _verb(kind: FactKind, verbs: str) -> FactPattern:
    return FactPattern(kind, re.compile(rf"{NO}(?:{verbs}){ADVERB}{VALUE}", re.I))


MOVED = r"переехала?"  # kept with its place: «в Москву» is not where one lives but where one went

NAME_WORD = r"(?P<value>(?!не\b|как\b|так\b|никак\b)[^\W\d_][\w'’-]*(?:\s+[^\W\d_][\w'’-]*){0,2})"

FACT_PATTERNS = (
    FactPattern(
        FactKind.NAME,
        re.compile(
            r"(?<!\w)(?<!не\s)(?:меня\s+(?:теперь\s+|все\s+)?(?:зовут|звать)(?:\s+теперь|\s+просто)?"
            r"|(?:зовите|зови|называйте|называй|звать)\s+меня(?:\s+просто)?"
            r"|мо[её]\s+имя\s*[—–:-]?)\s+(?:не\s+\w+,?\s+а\s+)?" + NAME_WORD,
            re.I,
        ),
    ),
    FactPattern(
        FactKind.AGE, re.compile(r"(?<!\w)мне\s+(?:уже\s+)?(?P<value>\d{1,3})(?=\s+(?:год|лет)|\s*$|,)", re.I)
    ),
    _verb(FactKind.LIVES, "живу"),
    FactPattern(FactKind.LIVES, re.compile(rf"{NO}(?P<value>{MOVED}\s+\S.*?){NEXT_CLAUSE}", re.I)),
    _verb(FactKind.WORKS, "работаю"),
    _verb(FactKind.STUDIES, "учусь"),
    _verb(FactKind.LEARNS, "учу|изучаю"),
    _verb(FactKind.LIKES, "люблю|обожаю"),
    _verb(FactKind.DISLIKES, "ненавижу"),
    _verb(FactKind.PREFERS, "предпочитаю"),
    _verb(FactKind.WANTS, "хочу|мечтаю"),
    _verb(FactKind.PLANS, "планирую|собираюсь"),
    FactPattern(
        FactKind.HAS,
        re.compile(
            rf"(?<!\w)у\s+меня(?!\s+(?:есть\s+)?(?:\w+\s+)?(?:вопрос|просьб|проблем|к\s+вам|не\b|нет\b|вс[её]\b)){VALUE}",
            re.I,
        ),
    ),
)

WORTH_KEEPING = re.compile(
    r"\d|(?<!\w)(?:завтра|послезавтра|понедельник|вторник|сред[уы]|четверг|пятниц|суббот|воскресень"
    r"|январ|феврал|марта|апрел|ма[яе](?!\w)|июн|июл|август|сентябр|октябр|ноябр|декабр"
    r"|мо[йяюи](?!\w)|мо[её](?!\w)|моего|моей|моих|день\s+рождения|аллерги)",
    re.I,
)

MOVED_TO = re.compile(rf"{MOVED}\s+(?P<place>\S.*)", re.I)

LABELS = {
    FactKind.NAME: "Имя",
    FactKind.AGE: "Возраст",
    FactKind.LIVES: "Живёт",
    FactKind.WORKS: "Работает",
    FactKind.STUDIES: "Учится",
    FactKind.LEARNS: "Учит",
    FactKind.LIKES: "Любит",
    FactKind.DISLIKES: "Не любит",
    FactKind.PREFERS: "Предпочитает",
    FactKind.WANTS: "Хочет",
    FactKind.PLANS: "Планирует",
    FactKind.HAS: "У собеседника",
    FactKind.TOPICS: "Темы",
    FactKind.STATED: "Слова",
    FactKind.ASKED: "Вопрос",
}

SENTENCES = {
    FactKind.NAME: "Вас зовут {}",
    FactKind.LIVES: "Вы живёте {}",
    FactKind.WORKS: "Вы работаете {}",
    FactKind.STUDIES: "Вы учитесь {}",
    FactKind.LEARNS: "Вы учите {}",
    FactKind.LIKES: "Вы любите {}",
    FactKind.DISLIKES: "Вы не любите {}",
    FactKind.PREFERS: "Вы предпочитаете {}",
    FactKind.WANTS: "Вы хотите {}",
    FactKind.PLANS: "Вы планируете {}",
    FactKind.HAS: "У Вас {}",
    FactKind.TOPICS: "Вам интересны темы: {}",
    FactKind.NOTE: "Из прежних бесед: {}",
    FactKind.STATED: "Вы говорили: «{}»",
    FactKind.ASKED: "Вы спрашивали: «{}»",
}

YOU = r"(?:ты|вы|тебе|вам)"
ABOUT_ME = r"(?:обо\s+мне|про\s+меня)"

INTENTS = (
    (
        Intent.ASK_KNOWN,
        re.compile(
            rf"что\b.{{0,30}}{ABOUT_ME}.{{0,20}}(?:зна|помн|известн)|что\b.{{0,30}}(?:зна|помн|известн)\w*.{{0,20}}{ABOUT_ME}"
            rf"|(?:зна|помн)\w+.{{0,20}}\b{ABOUT_ME}|расскажи\w*\s+(?:мне\s+)?{ABOUT_ME}"
        ),
    ),
    (
        Intent.ASK_CLOCK,
        re.compile(
            r"котор\w+\s+(?:сейчас\s+)?час|^\W*(?:а\s+)?который\s+(?:сейчас\s+)?год\W*$|сколько\s+(?:сейчас\s+)?врем|как\w+\s+(?:сейчас|сегодня)\s+(?:число|день|дата|год)"
            r"|как\w+\s+(?:число|день|дата)\s+(?:сегодня|сейчас)"
        ),
    ),
    (
        Intent.ASK_HELP,
        re.compile(
            rf"что\s+{YOU}\s+(?:уме|може)|кто\s+{YOU}\b|{YOU}\s+кто\b|{YOU}\s+(?:\w+\s+)?(?:бот|робот|нейросет|человек|ии|модел|языков)"
            r"|^(?:помощь|помоги(?:те)?|справка)\W*$|на\s+что\s+(?:ты|вы)\s+способ|как\w+\s+(?:ты|вы)\s+модел"
        ),
    ),
    (Intent.THANK, re.compile(r"(?<!\w)(?:спасибо|благодарю|мерси|спс)(?!\w)")),
    (
        Intent.LEAVE,
        re.compile(
            r"(?<!\w)(?:до\s+(?:свидания|встречи)|(?:до\s+(?:завтра|скорого)|всего\s+(?:доброго|хорошего)|пока)(?=[^\w?]*$)|прощай|доброй\s+ночи|спокойной\s+ночи)"
        ),
    ),
    (
        Intent.ASK_MOOD,
        re.compile(r"как\s+(?:\w+\s+)?(?:дела|настроение)|как\s+(?:ты|вы)(?=\W*$)|как\s+поживае"),
    ),
    (
        Intent.GREET,
        re.compile(
            rf"{AT_FIRST}(?:привет|здравствуй|салют|добр(?:ый|ое|ого)\s+(?:день|утро|вечер|времени|дня)|приветствую|хай)"
        ),
    ),
)

FACT_QUESTIONS = (
    FactQuestion(
        (FactKind.NAME,),
        re.compile(
            r"как\s+(?:\w+\s+)?меня\s+зовут|как\s+мо[ею]\s+имя|мое\s+имя\W*$|кто\s+я\W*$|помни\w*\s+мое\s+имя"
        ),
    ),
    FactQuestion((FactKind.AGE,), re.compile(r"сколько\s+мне\s+лет|мой\s+возраст")),
    FactQuestion((FactKind.LIVES,), re.compile(r"где\s+(?:\w+\s+)?я\s+живу|откуда\s+я")),
    FactQuestion((FactKind.WORKS,), re.compile(r"(?:где|кем)\s+(?:\w+\s+)?я\s+работаю")),
    FactQuestion(
        (FactKind.STUDIES, FactKind.LEARNS),
        re.compile(r"(?:что|где|чему)\s+(?:\w+\s+)?я\s+(?:учу|изучаю|учусь)"),
    ),
    FactQuestion((FactKind.DISLIKES,), re.compile(r"(?:что|чего|кого)\s+(?:\w+\s+)?я\s+не\s+люблю")),
    FactQuestion((FactKind.LIKES,), re.compile(r"(?:что|кого)\s+(?:\w+\s+)?я\s+(?:люблю|обожаю)")),
    FactQuestion((FactKind.PREFERS,), re.compile(r"что\s+я\s+предпочитаю")),
    FactQuestion(
        (FactKind.WANTS, FactKind.PLANS),
        re.compile(r"(?:чего|что|куда)\s+(?:\w+\s+)?я\s+(?:хочу|хотела?|мечтаю|планирую|собираюсь)"),
    ),
    FactQuestion((FactKind.HAS,), re.compile(r"(?:что|кто)\s+у\s+меня\s+есть")),
)


def describe(fact: Fact) -> str:
    if fact.kind is FactKind.LIVES and (place := MOVED_TO.match(fact.value)):
        return f"Вы переехали {place['place']}"
    if fact.kind is FactKind.AGE:
        return (
            f"Вам {fact.value} {years_word(int(fact.value))}"
            if fact.value.isdecimal()
            else f"Вам {fact.value}"
        )
    return SENTENCES[fact.kind].format(fact.value)


def years_word(years: int) -> str:
    """Decline «год» after a number: 1 год, 2 года, 5 лет, 11 лет."""
    if years % 100 in range(11, 15) or years % 10 not in range(1, 5):
        return "лет"
    return "год" if years % 10 == 1 else "года"


RUSSIAN = Wording(
    language="ru",
    fact_patterns=FACT_PATTERNS,
    reminder=re.compile(
        r"(?<!\w)(?:запомни(?:те)?|имей(?:те)?\s+в\s+виду)\s*[,:]?\s*(?:что\s+)?(?P<value>\S.*)$", re.I
    ),
    worth_keeping=WORTH_KEEPING,
    old_name=re.compile(r"(?<!\w)(?:зовут|имя)(?!\w)", re.I),
    labels=LABELS,
    nothing_said="О себе ничего не рассказано",
    intents=INTENTS,
    fact_questions=FACT_QUESTIONS,
    describe=describe,
    phrases=PHRASES,
)
