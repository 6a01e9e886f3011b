"""Which texts the admin site has: found in the code and in the templates, and the names of models' fields."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.apps import apps
from django.contrib import admin
from django.utils.translation.template import templatize

from butler_project.embedded.discovery import PROJECT_DIR

APPS = ("butler_project", "llm", "personalization", "digests", "botgateway", "observability")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
ROOT = PROJECT_DIR / "locale" / "ru" / "LC_MESSAGES"
WORD = re.compile("[a-z]", re.IGNORECASE)

MessageId = str | tuple[str, ...]


def list_message_ids() -> set[MessageId]:
    """Return every text of ours that is shown in a reader's language."""
    found = {message_id for path in list_code() for message_id in extract_from(path, path.read_text())}
    found |= {
        message_id
        for path in PROJECT_DIR.glob("templates/admin/**/*.html")
        for message_id in extract_from(path, templatize(path.read_text(), str(path)))
    }
    return {one for one in found | set(list_field_names()) if WORD.search(str(one))}


def list_code() -> Iterator[Path]:
    yield PROJECT_DIR / "admin_lists.py"
    for app in APPS:
        yield from (path for path in (PROJECT_DIR / app).rglob("*.py") if "migrations" not in str(path))


def extract_from(path: Path, code: str) -> Iterator[MessageId]:
    source = io.BytesIO(code.encode())
    for _line, message_id, _comments, _context in extract(
        "python", source, KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield message_id


def list_field_names() -> Iterator[str]:
    """Return the names of the fields that the admin site shows, which Django makes of the fields' own."""
    for model in admin.site._registry:
        if apps.get_containing_app_config(model.__module__).name in APPS:
            yield from (field.name.replace("_", " ") for field in model._meta.fields if field.name != "id")


def list_djangos_message_ids() -> set[MessageId]:
    """Return the texts of Django's admin itself, of which ours may be other translations."""
    path = Path(admin.__file__).parent / "locale" / "ru" / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as source:
        return {as_id(message.id) for message in read_mo(source)}


def as_id(message_id: str | list[str] | tuple[str, ...]) -> MessageId:
    return message_id if isinstance(message_id, str) else tuple(message_id)


def read_catalog() -> Catalog:
    with (ROOT / "django.po").open("rb") as source:
        return read_po(source, locale="ru", domain="django")
