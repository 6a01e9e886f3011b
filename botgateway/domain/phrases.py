"""Everything Butler says by itself, in each language, in persona. One place, so that nothing is left untranslated."""

from __future__ import annotations

from enum import Enum, auto

from personalization.enums import Language


class Phrase(Enum):
    WELCOME = auto()
    HELP = auto()
    PONG = auto()
    CLEARED = auto()
    UNKNOWN_COMMAND = auto()
    TEXT_ONLY = auto()
    MESSAGE_TOO_LONG = auto()
    REPLY_FAILED = auto()
    PARKED = auto()
    ACCESS_PENDING = auto()
    ACCESS_REFUSED = auto()
    BLANK = auto()


RUSSIAN = {
    Phrase.WELCOME: (
        "Добрый день. Позвольте представиться: Ваш дворецкий.\n\n"
        "Спрашивайте, рассказывайте, поручайте — я запоминаю то, что Вы сочтёте нужным мне сообщить, "
        "и пользуюсь этим с должной осмотрительностью. Что я умею, перечислит /help."
    ),
    Phrase.HELP: (
        "К Вашим услугам:\n\n"
        "- просто напишите мне — отвечу и запомню сказанное;\n"
        "- «Что Вы обо мне знаете?» — перечислю;\n"
        "- /clear — забыть нынешний разговор (записи о Вас останутся);\n"
        "- /ping — проверить, на месте ли я;\n"
        "- /help — эта памятка."
    ),
    Phrase.PONG: "Bot ready",
    Phrase.CLEARED: "Как пожелаете: этот разговор забыт. Записи о Вас остались в целости.",
    Phrase.UNKNOWN_COMMAND: "Боюсь, такого распоряжения в моём перечне нет. Перечень — по команде /help.",
    Phrase.TEXT_ONLY: "Прошу прощения, пока я читаю только текст. Не затруднит ли Вас написать словами?",
    Phrase.MESSAGE_TOO_LONG: (
        "Прошу прощения, это послание длиннее, чем я способен удержать в голове за один раз. "
        "Не пришлёте ли Вы его частями?"
    ),
    Phrase.REPLY_FAILED: (
        "Прошу прощения: мысль ускользнула от меня, и ответа не вышло. "
        "Будьте добры, повторите через минуту — Ваше следующее сообщение я приму как обычно."
    ),
    Phrase.PARKED: (
        "Приношу извинения: с этим сообщением я не справился и после нескольких попыток. "
        "Происшествие записано; не изволите ли сформулировать иначе?"
    ),
    Phrase.ACCESS_PENDING: (
        "Добрый день. Дом открыт по приглашению: Ваша просьба записана, и как только её одобрят, "
        "я к Вашим услугам."
    ),
    Phrase.ACCESS_REFUSED: "Сожалею, но мне не позволено Вам прислуживать.",
    Phrase.BLANK: "Вы прислали пустой лист. Я его сберегу, но ответить на него затруднюсь.",
}

ENGLISH = {
    Phrase.WELCOME: (
        "Good day. Allow me to introduce myself: your butler.\n\n"
        "Ask, tell, instruct: I remember what you see fit to tell me and use it with due discretion. "
        "What I can do is listed under /help."
    ),
    Phrase.HELP: (
        "At your service:\n\n"
        "- simply write to me: I shall answer and remember what was said;\n"
        "- “What do you know about me?”: I shall tell you;\n"
        "- /clear: forget the present conversation (my notes about you stay);\n"
        "- /ping: see whether I am at my post;\n"
        "- /help: this note."
    ),
    Phrase.PONG: "Bot ready",
    Phrase.CLEARED: "As you wish: this conversation is forgotten. My notes about you are intact.",
    Phrase.UNKNOWN_COMMAND: "I am afraid that instruction is not on my list. The list is under /help.",
    Phrase.TEXT_ONLY: "I beg your pardon, for the time being I read text only. Might I trouble you to put it in words?",
    Phrase.MESSAGE_TOO_LONG: (
        "I beg your pardon, this letter is longer than I can keep in mind at once. Would you send it in parts?"
    ),
    Phrase.REPLY_FAILED: (
        "I beg your pardon: the thought escaped me and no answer came of it. "
        "Be so kind as to try again in a minute; your next message will be received as usual."
    ),
    Phrase.PARKED: (
        "My apologies: I could not manage this message even after several attempts. "
        "The incident has been noted; would you care to put it differently?"
    ),
    Phrase.ACCESS_PENDING: (
        "Good day. This house is open by invitation: your request has been noted, and as soon as it is "
        "approved I am at your service."
    ),
    Phrase.ACCESS_REFUSED: "I regret that I am not permitted to serve you.",
    Phrase.BLANK: "You have sent me a blank sheet. I shall keep it safe, but I am at a loss for an answer.",
}

PHRASES: dict[str, dict[Phrase, str]] = {Language.RUSSIAN: RUSSIAN, Language.ENGLISH: ENGLISH}

COMMAND_MENU: dict[str, tuple[tuple[str, str], ...]] = {
    Language.RUSSIAN: (
        ("start", "познакомиться"),
        ("help", "что я умею"),
        ("clear", "забыть нынешний разговор"),
        ("ping", "на месте ли дворецкий"),
    ),
    Language.ENGLISH: (
        ("start", "be introduced"),
        ("help", "what I can do"),
        ("clear", "forget the present conversation"),
        ("ping", "is the butler at his post"),
    ),
}


def say(phrase: Phrase, *, language: str) -> str:
    """Return the phrase in a language, in Russian if it is not one of Butler's."""
    return PHRASES.get(language, RUSSIAN)[phrase]
