"""Electronic books: a list of parts, the order to read them in, and a web page for each chapter."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote
from zipfile import ZipFile

from botgateway.extraction.formats.archive import open_member
from botgateway.extraction.formats.html import read_page
from botgateway.extraction.formats.xml_events import EventKind, read_events

_CONTAINER = "META-INF/container.xml"


def read_chapters(archive: ZipFile) -> Iterator[str]:
    """Yield the text of the chapters in reading order; a chapter that is not in the archive is passed over."""
    names = set(archive.namelist())
    for chapter in _list_chapters(archive, _find_package(archive)):
        if chapter in names:
            yield from read_page(open_member(archive, chapter))
            yield "\n\n"


def _find_package(archive: ZipFile) -> str:
    for kind, tag, attributes in read_events(open_member(archive, _CONTAINER)):
        if kind is EventKind.START and tag == "rootfile":
            return attributes["full-path"]
    raise KeyError(_CONTAINER)


def _list_chapters(archive: ZipFile, package: str) -> Iterator[str]:
    """Yield the names of members: links are relative to the package, and lead nowhere but into the archive."""
    folder, links = posixpath.dirname(package), dict[str, str]()
    for kind, tag, attributes in read_events(open_member(archive, package)):
        if kind is EventKind.START and tag == "item":
            links[attributes.get("id", "")] = unquote(attributes.get("href", ""))
        elif kind is EventKind.START and tag == "itemref":
            yield posixpath.normpath(posixpath.join(folder, links.get(attributes.get("idref", ""), "")))
