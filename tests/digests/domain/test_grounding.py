from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digests.domain.day import Post, Statement
from digests.domain.figures import figures_of, grounds_of
from digests.domain.grounding import Unsupported, UnsupportedKind, find_unsupported, support_share
from digests.domain.language import LanguageFault, judge_language
from digests.domain.names import known_words_of, names_of, titles_of
from digests.domain.numerals import worded_numbers


def post(text: str, *, forwarded_from: str = "", at: datetime = datetime(2025, 3, 14, 9, tzinfo=UTC)) -> Post:
    return Post(message_id=1, posted_at=at, text=text, forwarded_from=forwarded_from)


def unsupported(statement: str, *posts: Post) -> list[str]:
    return [found.value for found in find_unsupported(Statement(statement, (1,)), posts)]


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ("1200 рублей", "1 200 рублей"),
        ("1,2 тыс. рублей", "1\u00a0200 рублей"),
        ("1.2 тысячи рублей", "1200"),
        ("12 %", "12 процентов"),
        ("12 %", "на 12–15 %"),
        ("от 5 тыс.", "от 5 до 7 тысяч"),
        ("2,3 млн", "2 млн 300 тыс. рублей"),
        ("2 млн 300 тыс. рублей", "2,3 миллиона"),
        ("14 марта", "14.03.2025"),
        ("14.03", "четырнадцатого… точнее, 14-го марта"),
        ("16 апреля и 17 апреля", "16–17 апреля"),
        ("14 марта 2025 года", "2025-03-14"),
        ("начало в 18:00", "начало в 6 вечера"),
        ("начало в 18.30", "начало в 18:30"),
        ("в 9 утра", "в 9:00"),
        ("к 18 часам", "18:00"),
        ("25 человек", "двадцать пять человек"),
        ("трое пострадавших", "3 пострадавших"),
        ("полторы тысячи", "1500"),
        ("2-е место", "второе место"),
        ("вырос в 2 раза", "вырос вдвое"),
        ("50 % жителей", "половина жителей"),
        ("около 1,2 млн рублей", "1 187 000 рублей"),
        ("25-летний", "25 лет"),
        ("в 2025 году", "в будущем"),
        ("13 марта", "вчера"),
        ("0.50", "0,5"),
    ],
)
def test_a_figure_is_found_in_another_notation(said: str, posted: str) -> None:
    assert unsupported(said, post(posted)) == []


@pytest.mark.parametrize(
    ("said", "posted", "missing"),
    [
        ("1300 рублей", "1200 рублей", "1300"),
        ("12 %", "12 человек", "12 %"),
        ("1,2 млн", "1,2 тыс.", "1,2 млн"),
        ("15 марта", "14 марта", "15 марта"),
        ("13 марта", "13 тысяч вёдер", "13 марта"),
        ("в 19:00", "в 18:00 и 19 человек", "19:00"),
        ("около 1,4 млн", "1 187 000", "1,4 млн"),
        ("пятеро пострадавших", "пострадали люди", "пятеро"),
        ("в 2024 году", "в прошлом", "2024"),
        ("номер 1", "https://example.org/1 и @user1", "1"),
    ],
)
def test_a_figure_that_no_post_has_is_named_as_the_statement_has_it(
    said: str, posted: str, missing: str
) -> None:
    assert find_unsupported(Statement(said, (1,)), [post(posted)]) == (
        Unsupported(UnsupportedKind.FIGURE, missing),
    )


def test_number_words_are_added_up_only_where_they_are_one_number() -> None:
    text = "сто двадцать пять тысяч, пять шесть, двадцать одна книга, один из двух, семью любят"

    assert list(worded_numbers(text)) == [
        ("сто двадцать пять тысяч", Decimal(125_000)),
        ("пять", Decimal(5)),
        ("шесть", Decimal(6)),
        ("двадцать одна", Decimal(21)),
        ("двух", Decimal(2)),
    ]


@given(st.decimals(min_value=0, max_value=10**12, places=3), st.sampled_from(["", " тыс.", " млн", " %"]))
def test_a_number_stays_itself_with_comma_point_and_groups(number: Decimal, unit: str) -> None:
    forms = [
        f"{number}{unit}",
        f"{number}{unit}".replace(".", ",", 1),
        f"{number:,}{unit}".replace(",", "\u202f"),
    ]

    assert len({figure.readings for form in forms for figure in figures_of(form)[:1]}) == 1


@given(st.text(alphabet="0123456789 .,:–-%тыслнчмар«»Ава\n", max_size=60))
def test_a_text_has_grounds_for_all_it_says(text: str) -> None:
    grounds = grounds_of([text])

    assert [figure.text for figure in figures_of(text) if not grounds.hold(figure)] == []
    assert [name for name in names_of(text) if not known_words_of([text]).hold_name(name)] == []


def test_names_are_capitals_within_sentences_abbreviations_and_no_titles() -> None:
    text = (
        "Мэр Приозёрска А. С. Лугин открыл парк «Заречный берег». МЧС предупредило: Лёд тонок, сказал Он.\n"
        "— Совет собрался на ул. Мира в г. Верхний. В 2025 г. Бюджет вырос, Военно-Морской музей ждёт Вас"
    )

    assert names_of(text) == ("Приозёрска", "Лугин", "МЧС", "Мира", "Верхний", "Военно-Морской")
    assert titles_of(text) == ("Заречный берег",)


@pytest.mark.parametrize(
    ("name", "posted", "is_held"),
    [
        ("Приозёрске", "мэр Приозерска", True),
        ("Павел", "наградили Павла Орла", True),
        ("Орёл", "наградили Павла Орла", True),
        ("Юлией", "Юлия", True),
        ("Уфой", "в Уфе", True),
        ("Московского", "Московский", True),
        ("Лугин", "ЛУГИНА ВЫБРАЛИ", True),
        ("Верхне-Озёрского", "Верхне-Озёрский", True),
        ("Иванов", "Иван", False),
        ("Иванов", "Иванин", False),
        ("Петренко", "Петров", False),
        ("МЧС", "МВД", False),
    ],
)
def test_a_name_is_found_in_any_case_and_is_no_other(name: str, posted: str, is_held: bool) -> None:
    assert known_words_of([posted]).hold_name(name) is is_held


def test_invented_names_and_titles_are_told_and_the_source_of_a_repost_is_known() -> None:
    cited = post("Театр «Маяк» покажет спектакль", forwarded_from="Вестник Приозёрска")

    found = find_unsupported(
        Statement("Вчера театр «Маяк» и студия «Парус» пригласили Лугина, пишет Вестник Приозёрска", (1,)),
        [cited],
    )

    assert found == (
        Unsupported(UnsupportedKind.NAME, "Лугина"),
        Unsupported(UnsupportedKind.TITLE, "Парус"),
    )


def test_support_is_the_share_of_content_words_by_stem() -> None:
    statement = Statement("Новый мост открыли жители", (1,))

    assert support_share(statement, [post("мосты открыли"), post("новые")]) == 0.75
    assert support_share(statement, []) == 0.0
    assert support_share(Statement("и не то", (1,)), [post("мост")]) is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Мэр открыл мост", None),
        ("Apple показала iPhone 17 Pro и часы Watch Ultra, продажи в стране начнутся в пятницу", None),
        ("The mayor opened a bridge, пишут", LanguageFault.NOT_CYRILLIC),
        ("Міський голова відкрив міст у неділю", LanguageFault.OTHER_CYRILLIC),
        ("12 % 🎉", LanguageFault.NO_LETTERS),
    ],
)
def test_a_language_is_told_by_letters_and_a_reason_is_given(text: str, fault: LanguageFault | None) -> None:
    assert judge_language(text).fault is fault
