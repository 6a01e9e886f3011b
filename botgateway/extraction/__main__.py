"""The child process that reads one foreign file: `python -m botgateway.extraction <kind> <max_chars> <file >answer`."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any

from botgateway.extraction.confinement import READY, limit_resources, shut_doors
from botgateway.extraction.errors import Broken, ExtractionError
from botgateway.extraction.kinds import Kind
from botgateway.extraction.reading import Parser, load_parser, read_text


def main() -> None:
    """Answer with one JSON object: the fields of an Extraction, or the outcome of an ExtractionError."""
    kind, max_chars = Kind(sys.argv[1]), int(sys.argv[2])
    limit_resources()
    parser = load_parser(kind)
    shut_doors()
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    try:
        answer = json.dumps(_read(parser, kind, max_chars), ensure_ascii=False).encode()
    except MemoryError:
        os._exit(1)  # too little is left to say more
    sys.stdout.buffer.write(answer)


def _read(parser: Parser, kind: Kind, max_chars: int) -> dict[str, Any]:
    try:
        extraction = read_text(sys.stdin.buffer, parser, kind, max_chars)
    except ExtractionError as error:
        return {"outcome": error.outcome, "kind": error.kind}
    except MemoryError:
        raise
    except BaseException:  # a panic in a parser written in Rust is no Exception
        return {"outcome": Broken.outcome, "kind": kind}
    return {"outcome": "ok", **asdict(extraction)}


if __name__ == "__main__":
    main()
