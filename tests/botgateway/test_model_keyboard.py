from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from botgateway.domain.buttons import DATA_MAX_BYTES, Keyboard, keyboard_as_json, read_action
from botgateway.handlers.model import PAGE_MODELS, build_keyboard, name_models
from llm.catalogue import build_key, write_choice
from llm.prompt import is_blank
from llm.providers.base import ModelDescription

HOUSE = "По выбору дома"
LABEL_MAX_CHARS = 40
NAMES = st.text(min_size=1, max_size=180).filter(
    lambda name: not is_blank(name)
)  # the catalogue has no others


def offer(*names: str, provider: str = "here") -> list[ModelDescription]:
    return [ModelDescription(name, provider) for name in names]


def labels(keyboard: Keyboard) -> list[list[str]]:
    return [[button.text for button in row] for row in keyboard if row]


def test_a_short_list_is_one_page_with_the_house_first() -> None:
    keyboard = build_keyboard(offer("qwen:7b", "qwen:72b"), chosen="here:qwen:72b", page=0, house=HOUSE)

    assert labels(keyboard) == [[HOUSE], ["qwen:7b"], ["✓ qwen:72b"]]
    assert keyboard[2][0].action == f"model:take:{build_key('here:qwen:72b')}:0"
    assert keyboard[0][0].action == "model:house"


def test_without_a_choice_the_house_has_the_tick() -> None:
    assert labels(build_keyboard([], chosen="", page=0, house=HOUSE)) == [[f"✓ {HOUSE}"]]


def test_a_long_list_has_pages_that_lead_to_each_other() -> None:
    models = offer(*(f"model-{number:02}" for number in range(2 * PAGE_MODELS + 1)))

    first, second, third, beyond = (
        build_keyboard(models, chosen="", page=page, house=HOUSE) for page in (0, 1, 2, 99)
    )

    assert (labels(first)[1], labels(first)[-1]) == (["model-00"], ["2 →"])
    assert (labels(second)[0], labels(second)[-1]) == (["model-08"], ["← 1", "3 →"])
    assert [button.action for button in second[-1]] == ["model:page:0", "model:page:2"]
    assert labels(third) == [["model-16"], ["← 2"]]
    assert beyond == third


def test_namesakes_of_two_providers_are_told_apart() -> None:
    models = offer("qwen") + offer("qwen", provider="there")

    assert labels(build_keyboard(models, chosen="there:qwen", page=0, house=HOUSE))[1:] == [
        ["qwen (here)"],
        ["✓ qwen (there)"],
    ]
    assert name_models([*models, *offer("mistral")]) == {
        "here:qwen": "qwen (here)",
        "there:qwen": "qwen (there)",
        "here:mistral": "mistral",
    }


def test_a_long_name_loses_its_middle() -> None:
    name = "accounts/some-cloud/models/very-long-family-name-72b-instruct-2026-01-01"

    _, (label,) = labels(build_keyboard(offer(name), chosen="", page=0, house=HOUSE))

    assert label == "accounts/some-cloud…nstruct-2026-01-01"


@given(
    names=st.lists(NAMES, max_size=30, unique=True),
    page=st.integers(0, 10),
    index=st.integers(0, 29),
)
@settings(max_examples=60, deadline=None)
def test_any_names_fit_on_telegrams_buttons(names: list[str], page: int, index: int) -> None:
    models = offer(*names)
    chosen = write_choice(models[index % len(models)]) if models else ""

    keyboard = build_keyboard(models, chosen=chosen, page=page, house=HOUSE)

    for row in keyboard:
        for button in row:
            assert 0 < len(button.text) <= LABEL_MAX_CHARS
            assert len(button.action.encode()) <= DATA_MAX_BYTES
            assert read_action(button.action)[0] == "model"
    assert keyboard_as_json(keyboard)
