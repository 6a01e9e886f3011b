"""The invented region: its towns, streets, organisations and people, with every case written out or formed by rule.

The people and organisations are nobody's; each holds the same office on every day.
"""

from __future__ import annotations

from digests.dataset.generator.words import Word

_FEMININE_ENDINGS = "ая"


def _join(stem: str, endings: str) -> tuple[str, ...]:
    return tuple(stem + ending.strip("-") for ending in endings.split())


def _given(name: str) -> tuple[str, ...]:
    """Decline a given name: Олег, Андрей, Марина, Мария. Others have no rule here."""
    if name.endswith("ия"):
        return _join(name[:-1], "я и и ю ей и")
    if name.endswith("а"):
        return _join(name[:-1], "а ы е у ой е")
    if name.endswith("й"):
        return _join(name[:-1], "й я ю я ем е")
    return _join(name, "- а у а ом е")


def _surname(name: str) -> tuple[str, ...]:
    """Decline a surname: Стрельников, Лугин, Савельева, Горский, Горская."""
    if name.endswith("ская"):
        return _join(name[:-2], "ая ой ой ую ой ой")
    if name.endswith("ский"):
        return _join(name[:-2], "ий ого ому ого им ом")
    if name.endswith("а"):
        return _join(name[:-1], "а ой ой у ой ой")
    return _join(name, "- а у а ым е")


def _person(given: str, surname: str) -> Word:
    is_feminine = given[-1] in _FEMININE_ENDINGS
    forms = tuple(f"{a} {b}" for a, b in zip(_given(given), _surname(surname), strict=True))
    stem = surname.removesuffix("ая").removesuffix("ий").removesuffix("а")
    return Word(forms, stem, is_feminine)


def _town(name: str) -> Word:
    """Decline a town on a consonant."""
    return Word(_join(name, "- а у - ом е"), name)


def _street(stem: str) -> Word:
    """Decline «улица Гончарная», given its stem «Гончарн»."""
    nouns = _join("улиц", "а ы е у ей е")
    return Word(
        tuple(f"{a} {b}" for a, b in zip(nouns, _join(stem, "ая ой ой ую ой ой"), strict=True)), stem, True
    )


def _titled(noun: str, endings: str, title: str, *, is_feminine: bool = False) -> Word:
    """Decline «завод «Литейщик»»: the noun changes, the title in quotes does not."""
    return Word(tuple(f"{form} «{title}»" for form in _join(noun, endings)), title, is_feminine)


def _club(stem: str, endings: str) -> Word:
    """Decline a club's name in quotes, as one does where no noun stands before it."""
    return Word(tuple(f"«{form}»" for form in _join(stem, endings)), stem)


_HARD = "- а у - ом е"
_FIRM = "я и и ю ей и"

GROUPS: dict[str, tuple[Word, ...]] = {
    "street": tuple(
        _street(stem)
        for stem in [
            "Гончарн",
            "Ярмарочн",
            "Пристанск",
            "Кузнечн",
            "Липов",
            "Мельничн",
            "Рассветн",
            "Ткацк",
            "Береговольн",
        ]
    ),
    "town": tuple(
        _town(name)
        for name in ["Ясноборск", "Лугоморск", "Каменоград", "Тихоборск", "Дальнегорьевск", "Староладск"]
    ),
    "plant": (
        _titled("завод", _HARD, "Литейщик"),
        _titled("комбинат", _HARD, "Северная пряжа"),
        _titled("фабрик", "а и е у ой е", "Ясный день", is_feminine=True),
        _titled("компани", _FIRM, "Кедрмаш", is_feminine=True),
        _titled("холдинг", _HARD, "Луговые фермы"),
        _titled("комбинат", _HARD, "Белый камень"),
    ),
    "bank": (
        _titled("банк", _HARD, "Кедровый"),
        _titled("банк", _HARD, "Речной кредит"),
        _titled("банк", _HARD, "Верста"),
    ),
    "lab": (
        _titled("институт", _HARD, "Полюс"),
        _titled("лаборатори", _FIRM, "Квант", is_feminine=True),
        _titled("центр", _HARD, "Гелиос"),
        _titled("институт", _HARD, "Меридиан"),
        _titled("лаборатори", _FIRM, "Спектр", is_feminine=True),
    ),
    "rival": (
        _club("Якор", "ь я ю ь ем е"),
        _club("Гранитчик", "- а у - ом е"),
        _club("Снегир", "и ей ям и ями ях"),
        _club("Лесоруб", "- а у - ом е"),
        _club("Прибо", "й я ю й ем е"),
    ),
    "stage": (
        _titled("театр", _HARD, "На Пристани"),
        _titled("театр", _HARD, "Лестница"),
        _titled("центр", _HARD, "Ткацкий двор"),
        _titled("студи", _FIRM, "Чердак", is_feminine=True),
    ),
    "hall": (
        _titled("клуб", _HARD, "Голубятня"),
        _titled("центр", _HARD, "Ткацкий двор"),
        _titled("галере", _FIRM, "Белый ключ", is_feminine=True),
    ),
    "player": (
        _person("Антон", "Ребров"),
        _person("Максим", "Туманов"),
        _person("Глеб", "Сажин"),
        _person("Андрей", "Вихорев"),
        _person("Тимофей", "Лозовский"),
    ),
    "author": (
        _person("Глеб", "Ясенев"),
        _person("Наталия", "Румянская"),
        _person("Степан", "Калинский"),
        _person("Юлия", "Тропинина"),
    ),
    "witness": (
        _person("Ирина", "Ветрова"),
        _person("Виктор", "Пасечников"),
        _person("Светлана", "Журбина"),
        _person("Антон", "Колесин"),
        _person("Тамара", "Дубравина"),
    ),
}

ENTITIES: dict[str, Word] = {
    "city": _town("Кедрогорск"),
    "mayor": _person("Олег", "Стрельников"),
    "deputy": _person("Марина", "Савельева"),
    "transport": _person("Роман", "Лугин"),
    "doctor": _person("Вера", "Тарская"),
    "rescuer": _person("Степан", "Буранов"),
    "minister": _person("Светлана", "Ладова"),
    "economist": _person("Глеб", "Верховин"),
    "banker": _person("Андрей", "Мостовский"),
    "physicist": _person("Тимофей", "Заречин"),
    "astronomer": _person("Юлия", "Северская"),
    "biologist": _person("Ирина", "Полозова"),
    "engineer": _person("Максим", "Горелов"),
    "coach": _person("Виктор", "Дубровин"),
    "hockey_coach": _person("Сергей", "Левашов"),
    "swimmer": _person("Мария", "Ключева"),
    "skier": _person("Анна", "Полянская"),
    "runner": _person("Роман", "Вешников"),
    "stage_director": _person("Роман", "Тишин"),
    "curator": _person("Елена", "Купавина"),
    "conductor": _person("Виктор", "Лазарин"),
    "librarian": _person("Тамара", "Ольховская"),
}
