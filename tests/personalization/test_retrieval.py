from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llm.file_blocks import FileBlock, render_blocks, split_blocks
from llm.tokens import estimate_tokens
from personalization.domain.files import delete_files, read_text, store_file
from personalization.domain.passages import PASSAGE_CHARS, split_passages
from personalization.domain.ranking import rank_passages
from personalization.domain.retrieval import find_excerpts, read_excerpts
from personalization.domain.stemming import STEM_MAX_CHARS, stems_of
from personalization.models import FilePassage, StoredFile

AMPLE = 100_000
LEASE = (
    "Договор аренды квартиры.\n\n"
    + "Стороны обязуются соблюдать тишину и порядок. " * 25
    + "\n\nСрок действия договора — одиннадцать месяцев с первого марта.\n\n"
    + "Помещение передаётся вместе с мебелью и посудой. " * 25
    + "\n\nЗа просрочку платежа начисляется неустойка: одна десятая процента в день."
)
RECIPE = "Борщ варят на говяжьем бульоне. Свёклу тушат отдельно с уксусом."


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def store(media: Path, text: str, *, user_id: str = "42", name: str = "note.txt") -> StoredFile:
    arrived = media / "arrived"
    arrived.write_text(text, encoding="utf-8")
    (media / "files").mkdir(exist_ok=True)
    return store_file(
        arrived, file_id=uuid4(), user_id=user_id, name=name, mime_type="text/plain", kind="text", text=text
    )


def find(question: str, *, user_id: str = "42", budget: int = AMPLE) -> list[FileBlock]:
    return find_excerpts(user_id, question=question, budget_tokens=budget)


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        ("Что в договоре о сроках?", ["договор", "срок"]),
        ("сроки, СРОКА, срок", ["срок", "срок", "срок"]),
        ("How long do the contracts run?", ["long", "contract", "run"]),
        ("ёлка и елка, 2026 год", ["елк", "елк", "2026", "год"]),
        ("Привет! Спасибо, дворецкий", ["дворецк"]),
        ("что это за файл?", []),
        ("Перескажите кратко суть", []),
        ("Please summarise it briefly", []),
        ("🎩 — …", []),
        ("a" * 300, ["a" * STEM_MAX_CHARS]),
    ],
)
def test_words_are_reduced_to_stems_by_their_script(text: str, stems: list[str]) -> None:
    assert stems_of(text) == stems


@given(st.text(st.sampled_from("абв яё.,!?\n\t xyz"), max_size=6 * PASSAGE_CHARS) | st.text(max_size=3_000))
@example("слово " * 1_000)
@example("б" * 5 * PASSAGE_CHARS)
def test_passages_joined_are_the_text(text: str) -> None:
    passages = split_passages(text)

    assert "".join(passages) == text
    assert all(0 < len(passage) <= PASSAGE_CHARS for passage in passages)


def test_a_paragraph_that_fits_is_not_divided() -> None:
    paragraphs = [f"Пункт {number}. " + "слово " * 80 for number in range(12)]

    assert all(passage.startswith("Пункт") for passage in split_passages("\n\n".join(paragraphs)))


FILE_TEXTS = st.lists(
    st.sampled_from(["<file", "</file>", "< / FILE >", '"', "\n", 'name="x">', "текст", " "])
).map("".join)


@given(st.lists(st.tuples(FILE_TEXTS, FILE_TEXTS), min_size=1, max_size=4), st.booleans())
def test_no_text_ends_its_block_or_begins_another(files: list[tuple[str, str]], is_part: bool) -> None:
    rendered = render_blocks(FileBlock(name, text, is_part=is_part) for name, text in files)

    found, rest = split_blocks(f"{rendered}\n\nвопрос")

    assert len(found) == len(files) == rendered.count("</file>") == rendered.count("<file ")
    assert all(block.is_part is is_part for block in found)
    assert rest == "вопрос"


def passage(ordinal: int, text: str) -> FilePassage:
    return FilePassage(file_id=FILE_ID, user_id="42", ordinal=ordinal, stems=stems_of(text))


FILE_ID = uuid4()


def rank(question: str, *texts: str, name: str = "") -> list[int]:
    candidates = [passage(ordinal, text) for ordinal, text in enumerate(texts)]
    hits = rank_passages(
        candidates,
        stems_of(question),
        passage_count=len(texts) + 20,
        name_stems={FILE_ID: set(stems_of(name))},
    )
    return [hit.ordinal for hit in hits]


def test_the_passage_with_the_rarer_word_comes_first() -> None:
    texts = ["договор аренды", "договор поставки", "договор и неустойка", "договор подряда"]

    assert rank("неустойка договора", *texts)[0] == 2


def test_a_passage_needs_half_of_the_words_and_the_files_name_counts() -> None:
    assert rank("размер неустойки арендатора", "большой размер", "размер неустойки") == [1]
    assert rank("размер неустойки арендатора", "большой размер", name="Неустойка.pdf") == [0]
    assert rank("размер") == []


@pytest.mark.django_db
def test_a_question_finds_its_place_and_not_the_rest(media: Path) -> None:
    store(media, LEASE, name="Договор.pdf")
    store(media, RECIPE, name="Борщ.txt")

    (block,) = find("Что в договоре сказано о неустойке?", budget=700)

    assert block.name == "Договор.pdf"
    assert "одна десятая процента" in block.text
    assert block.is_part
    assert estimate_tokens(block.text) <= 700
    assert [block.name for block in find("из чего варят борщ")] == ["Борщ.txt"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "question", ["", "Привет!", "что это за файл?", "сколько лететь до Сатурна", "🎩", "{'$ne': null} $where"]
)
def test_what_the_files_say_nothing_about_finds_nothing(media: Path, question: str) -> None:
    store(media, LEASE, name="Договор.pdf")

    assert find(question) == []


@pytest.mark.django_db
def test_a_files_name_alone_leads_to_its_beginning(media: Path) -> None:
    store(media, "Куплено всё по списку, чек приложен.", name="Смета ремонта.xlsx")

    assert [block.text for block in find("Напомните смету")] == ["Куплено всё по списку, чек приложен."]


@pytest.mark.django_db
def test_neighbours_are_joined_and_gaps_are_marked(media: Path) -> None:
    words = ("первый", "второй", "третий", "четвёртый", "пятый")
    parts = [f"{word} " * 70 + "Остаётся прежним. " * 10 for word in words]
    store(media, "\n\n".join(parts))

    (joined,) = find("второй")
    (with_gap,) = find("первый, пятый")

    assert joined.text == "\n\n".join(parts[:3]).strip()
    assert with_gap.text.split("[…]") == [
        "\n\n".join(parts[:2]) + "\n\n\n",
        "\n" + "\n\n".join(parts[3:]).strip(),
    ]


@pytest.mark.django_db
def test_what_fits_is_shown_whole_and_what_does_not_says_where_it_ends(media: Path) -> None:
    pages = "".join(
        f"[page {number}]\n" + f"Страница {number}, ничего примечательного. " * 20 + "\n\n"
        for number in range(1, 9)
    )
    small, large = store(media, RECIPE), store(media, pages)

    whole, beginning = read_excerpts([small, large], question="", budget_tokens=1_000)

    assert (whole.text, whole.is_whole, whole.last_page) == (RECIPE, True, None)
    assert not beginning.is_whole
    assert pages.startswith(beginning.text)
    assert beginning.last_page is not None
    assert 1 < beginning.last_page < 8
    assert estimate_tokens(whole.text) + estimate_tokens(beginning.text) <= 1_000


@pytest.mark.django_db
def test_a_caption_picks_its_places_from_a_long_file(media: Path) -> None:
    filler = "\n\n".join(f"Пункт {number}. " + "Прочие условия сторон. " * 30 for number in range(40))
    file = store(media, f"Договор поставки.\n\n{filler}\n\nНеустойка составляет рубль в день.\n\n{filler}")

    (excerpt,) = read_excerpts([file], question="Какова неустойка?", budget_tokens=1_500)

    assert excerpt.is_picked
    assert excerpt.text.startswith("Договор поставки.")
    assert "Неустойка составляет рубль в день." in excerpt.text
    assert estimate_tokens(excerpt.text) <= 1_500
    assert read_text(file).count("Неустойка") == 1


WORDS = st.lists(st.sampled_from(["тайна", "ключ", "сейф", "адрес", "письмо"]), min_size=1, max_size=5).map(
    " ".join
)


@pytest.mark.django_db
@given(texts=st.lists(WORDS, min_size=2, max_size=4), question=WORDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_finds_a_word_of_another_persons_files(media: Path, texts: list[str], question: str) -> None:
    people = [f"person-{number}" for number in range(len(texts))]
    for person in people:
        delete_files(person)
    for person, text in zip(people, texts, strict=True):
        store(media, f"{text} {person}", user_id=person, name=f"{person}.txt")

    for person in people:
        shown = "".join(f"{block.name} {block.text}" for block in find(question, user_id=person))
        assert all(other not in shown for other in people if other != person)
        if set(question.split()) <= set(texts[people.index(person)].split()):
            assert person in shown
