"""`python -m sandbox`: start the stand-in for the Telegram Bot API."""

from __future__ import annotations

import asyncio
import logging
import sys

from sandbox.options import parse_options
from sandbox.server import serve


def main() -> int:
    """Give 0 after a clean stop, 1 if the address is taken; refusals of the command line exit with 2."""
    options = parse_options(sys.argv[1:])
    logging.basicConfig(level=options.log_level, format="%(levelname)s %(name)s %(message)s")
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on {options.host}:{options.port}: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
