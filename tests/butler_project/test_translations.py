"""Every text of the admin site is there in Russian, and what is compiled is what is written."""

from __future__ import annotations

import re

from babel.messages.mofile import read_mo
from django.utils import translation

from tests.butler_project.translations import (
    ROOT,
    as_id,
    list_djangos_message_ids,
    list_message_ids,
    read_catalog,
)

SLOT = re.compile(r"%\(\w+\)[sd]|%s|{\w+}")


def test_every_text_has_a_translation_and_every_translation_a_text() -> None:
    with translation.override(None):
        used = list_message_ids()
    written = {as_id(message.id) for message in read_catalog() if message.id and all_said(message.string)}

    assert sorted(map(str, used - written)) == []
    assert sorted(map(str, written - used - list_djangos_message_ids())) == []


def all_said(string: str | list[str] | tuple[str, ...]) -> bool:
    return all([string] if isinstance(string, str) else string)


def test_a_translation_fills_the_same_slots() -> None:
    for message in read_catalog():
        texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        first = message.id if isinstance(message.id, str) else message.id[0]
        if message.id:
            assert {frozenset(SLOT.findall(text)) for text in texts} == {frozenset(SLOT.findall(first))}


def test_what_is_compiled_is_what_is_written() -> None:
    with (ROOT / "django.mo").open("rb") as source:
        compiled = read_mo(source)

    assert read_texts(compiled) == read_texts(read_catalog()), (
        "run: pybabel compile -d locale -D django -l ru"
    )


def read_texts(catalog: object) -> dict[object, object]:
    messages = (message for message in catalog if message.id and message.string)
    return {as_id(message.id): as_id(message.string) for message in messages}
