"""The text of a file inside a prompt: a block between delimiters that the text itself cannot contain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from llm.prompt import clean_text

_BLOCK = re.compile(
    r'<file name="(?P<name>[^"\n]*)"(?P<part> part="yes")?>\n(?P<text>.*?)\n</file>', re.DOTALL
)
# What begins like a delimiter loses its bracket, with the blanks that a lenient reader would overlook.
_DELIMITER = re.compile(r"<(?=\s*/?\s*file\b)", re.IGNORECASE)
_UNSAFE_IN_NAME = str.maketrans({'"': "'", "<": "‹", ">": "›", "\n": " ", "\r": " "})


@dataclass(frozen=True, slots=True)
class FileBlock:
    """A file's text, or what is shown of it (`is_part`). All of it is a stranger's data."""

    name: str
    text: str
    is_part: bool = False


def render_blocks(blocks: Iterable[FileBlock]) -> str:
    """Write blocks one below the other; no text can end its block or begin another."""
    return "\n".join(_render(block) for block in blocks)


def split_blocks(content: str) -> tuple[list[FileBlock], str]:
    """Return the blocks in a message or section, and what is written after the last of them."""
    found = list(_BLOCK.finditer(content))
    if not found:
        return [], content
    blocks = [FileBlock(match["name"], match["text"], is_part=bool(match["part"])) for match in found]
    return blocks, content[found[-1].end() :].strip()


def _render(block: FileBlock) -> str:
    name = clean_text(block.name).translate(_UNSAFE_IN_NAME)
    part = ' part="yes"' if block.is_part else ""
    return f'<file name="{name}"{part}>\n{_DELIMITER.sub("‹", clean_text(block.text))}\n</file>'
