"""What the documentation names exists: links, anchors, commands, files, metrics. The twins say the same."""

from __future__ import annotations

import re
import tomllib
import zoneinfo
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
from django.core.management import get_commands, load_command_class

from botgateway.wording.menu import command_menu
from butler_project.embedded.discovery import PROJECT_DIR

PAGES = [
    path.relative_to(PROJECT_DIR).as_posix()
    for pattern in ("README*.md", "CHANGELOG.md", "docs/*.md")
    for path in sorted(PROJECT_DIR.glob(pattern))
]
TWINS = [("README.md", "README.ru.md"), ("docs/user-guide.md", "docs/user-guide.ru.md")]
PACKAGES = ("botgateway", "butler_project", "digests", "llm", "observability", "personalization")

FENCE = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
MANAGE = re.compile(r"\bmanage\.py ([a-z_]+)((?: \[?--[a-z-]+)*)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)
PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)*/?")
SUFFIXES = (".py", ".md", ".sh", ".yml", ".toml", ".txt", ".js", ".example")
# Made by a first run, by make-secrets.sh or by the reader.
MADE_LATER = ("data/", "secrets/", ".venv/")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")
METRIC = re.compile(r"(?:Counter|Histogram|Gauge)\(\s*\"([a-z_]+)\"")
METRIC_NAME = re.compile(r"[a-z_]+_(?:total|seconds|open|status)")


class Page(NamedTuple):
    """A page's text, and the same without its code blocks."""

    text: str
    prose: str

    @property
    def code(self) -> list[str]:
        return FENCE.findall(self.text)

    @property
    def named(self) -> list[str]:
        """Everything that stands as code."""
        return [*SPAN.findall(self.prose), *self.code]


def read_page(name: str) -> Page:
    text = (PROJECT_DIR / name).read_text()
    return Page(text, FENCE.sub("", text))


def list_anchors(page: Page) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    anchors: set[str] = set()
    for _, title in HEADING.findall(page.prose):
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = sum(
            1 for known in anchors if known == anchor or re.fullmatch(rf"{re.escape(anchor)}-\d+", known)
        )
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = read_page(name)
    targets = [target for target in LINK.findall(page.prose) if "://" not in target]

    assert [target for target in targets if not is_there(target, name)] == []


def is_there(target: str, name: str) -> bool:
    path, _, anchor = unquote(target).partition("#")
    found = (PROJECT_DIR / name).parent / path if path else PROJECT_DIR / name
    if not found.exists():
        return False
    return not anchor or anchor in list_anchors(
        read_page(found.resolve().relative_to(PROJECT_DIR).as_posix())
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_make_target_exists(name: str) -> None:
    targets = set(TARGET.findall((PROJECT_DIR / "Makefile").read_text()))

    assert {target for code in read_page(name).named for target in MAKE.findall(code)} - targets == set()


@pytest.mark.parametrize("name", PAGES)
def test_every_management_command_and_its_options_exist(name: str) -> None:
    calls = [call for code in read_page(name).named for call in MANAGE.findall(code)]

    assert [call for call in calls if not is_command(*call)] == []


def is_command(name: str, options: str) -> bool:
    app = get_commands().get(name)
    if app is None:
        return False
    command = load_command_class(app, name) if isinstance(app, str) else app
    known = command.create_parser("manage.py", name)._option_string_actions
    return set(re.findall(r"--[a-z-]+", options)) <= set(known)


@pytest.mark.parametrize("name", PAGES)
def test_every_file_exists(name: str) -> None:
    paths = [span for span in SPAN.findall(read_page(name).prose) if is_path(span)]

    assert [path for path in paths if not list(PROJECT_DIR.glob(path.rstrip("/")))] == []


def is_path(span: str) -> bool:
    if not PATH.fullmatch(span) or span.startswith(MADE_LATER) or span in zoneinfo.available_timezones():
        return False
    return "/" in span or span.endswith(SUFFIXES)


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_twins_have_the_same_shape(one: str, other: str) -> None:
    assert outline(one) == outline(other)


def outline(name: str) -> dict[str, object]:
    """Return what two languages have in common: structure, commands, and what stands as code."""
    page = read_page(name)
    return {
        "headings": [len(marks) for marks, _ in HEADING.findall(page.prose)],
        "items": len(re.findall(r"^- ", page.prose, re.MULTILINE)),
        "rows": len(re.findall(r"^\|", page.prose, re.MULTILINE)),
        "code": [[line for line in block.splitlines() if not line.startswith("#")] for block in page.code],
        "spans": sorted(SPAN.findall(page.prose)),
    }


def test_the_twins_of_a_page_link_to_each_other() -> None:
    for one, other in TWINS:
        assert f"]({Path(other).name})" in read_page(one).prose
        assert f"]({Path(one).name})" in read_page(other).prose


@pytest.mark.parametrize("name", [*PAGES, ".env.example"])
def test_no_emoji(name: str) -> None:
    assert EMOJI.findall((PROJECT_DIR / name).read_text()) == []


@pytest.mark.parametrize("name", ["docs/user-guide.md", "docs/user-guide.ru.md"])
def test_the_user_guide_lists_the_commands_of_the_menu(name: str) -> None:
    commands = re.findall(r"^\| `/([a-z_]+)` \|", read_page(name).prose, re.MULTILINE)

    menus = [sorted(command for command, _ in command_menu(language)) for language in ("ru", "en")]
    assert menus == [sorted(commands)] * 2


def test_the_operations_guide_lists_every_metric() -> None:
    sources = [path.read_text() for package in PACKAGES for path in (PROJECT_DIR / package).rglob("*.py")]
    defined = {metric for source in sources for metric in METRIC.findall(source)}
    listed = {
        span for span in SPAN.findall(read_page("docs/operations.md").prose) if METRIC_NAME.fullmatch(span)
    }

    assert listed == defined


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())["project"]["version"]

    assert version in read_page("CHANGELOG.md").text
